import { setImmediate as nextTurn } from 'node:timers/promises'
import { LOOK_MS } from '../../../src/cli/sync/follow.ts'
import type { Clock } from '../../../src/lib/clock.ts'

/**
 * A clock that moves when something sleeps: no test waits. Looks at a running sync are not slept through: they come when the
 * test says so.
 */
export class CommandClock implements Clock {
  /** Every sleep so far, in milliseconds, without the looks. */
  readonly waits: number[] = []
  /** Called when a sleep begins. */
  onSleep: (milliseconds: number) => void = () => {}
  #now = Date.parse('2026-08-01T10:00:00Z')
  #looks: (() => void)[] = []

  now(): number {
    return this.#now
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (milliseconds === LOOK_MS) return this.#untilLook(signal)
    this.waits.push(milliseconds)
    this.#now += milliseconds
    this.onSleep(milliseconds)
    await nextTurn()
    signal.throwIfAborted()
  }

  deadline(): AbortSignal {
    return new AbortController().signal
  }

  /** Lets whoever waits for it look once, and gives it the time to. */
  async look(): Promise<void> {
    for (const resolve of this.#looks.splice(0)) resolve()
    await nextTurn()
  }

  #untilLook(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#looks.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
}
