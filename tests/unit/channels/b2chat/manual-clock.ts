import type { Clock } from '../../../../src/lib/clock.ts'

/** A clock that moves only when told to, or when something sleeps: no test waits. */
export class ManualClock implements Clock {
  /** Every sleep so far, in milliseconds. */
  readonly waits: number[] = []
  #now: number
  #deadlines: { at: number; controller: AbortController }[] = []

  constructor(now: string) {
    this.#now = Date.parse(now)
  }

  now(): number {
    return this.#now
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.waits.push(milliseconds)
    this.advance(milliseconds)
  }

  deadline(milliseconds: number): AbortSignal {
    const controller = new AbortController()
    this.#deadlines.push({ at: this.#now + milliseconds, controller })
    return controller.signal
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds
    const due = this.#deadlines.filter(({ at }) => at <= this.#now)
    this.#deadlines = this.#deadlines.filter(({ at }) => at > this.#now)
    for (const { controller } of due) controller.abort(new DOMException('The time is over.', 'TimeoutError'))
  }
}
