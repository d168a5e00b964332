/** Graph's rate limits: blocks in minutes, announced in headers or by a code, and prolonged by calls during them. */
import { throttled } from './errors.ts'
import type { Behaviour } from './options.ts'

const MINUTE = 60_000
const DEFAULT_CODE = 80006

export interface Usage {
  /** Percent, as all figures but the minutes. */
  callCount: number
  totalTime: number
  cpuTime: number
}

export class Throttle {
  readonly #rules: Behaviour['throttle']
  readonly #now: () => number
  readonly #pageId: string
  #calls = 0
  #blockedUntil = 0
  #code: number
  /** What the headers say without there being a limit. */
  #pretended: Usage = { callCount: 0, totalTime: 0, cpuTime: 0 }
  /** Calls that came during a block. */
  whileBlocked = 0

  constructor(rules: Behaviour['throttle'], pageId: string, now: () => number) {
    this.#rules = rules
    this.#pageId = pageId
    this.#now = now
    this.#code = rules?.code ?? DEFAULT_CODE
  }

  /** Throws for a call that is not allowed. */
  take(): void {
    if (this.#now() < this.#blockedUntil) {
      this.whileBlocked += 1
      this.#blockedUntil += (this.#rules?.extendMinutes ?? 1) * MINUTE
      throw throttled(this.#code)
    }
    if (this.#blockedUntil > 0) {
      this.#blockedUntil = 0
      this.#calls = 0
    }
    if (!this.#rules) return
    const { calls, minutes, announce, code } = this.#rules
    this.#calls += 1
    if (this.#calls > calls) {
      this.block(minutes, code)
      throw throttled(code)
    }
    if (announce && this.#calls === calls) this.block(minutes, code)
  }

  block(minutes: number, code: number = DEFAULT_CODE): void {
    this.#code = code
    this.#blockedUntil = Math.max(this.#blockedUntil, this.#now() + minutes * MINUTE)
  }

  pretend(usage: Partial<Usage>): void {
    this.#pretended = { callCount: 0, totalTime: 0, cpuTime: 0, ...usage }
  }

  /** The worst figure is in none of the first places. */
  headers(): Record<string, string> {
    const left = this.#blockedUntil - this.#now()
    const used = this.#rules ? Math.floor((100 * this.#calls) / this.#rules.calls) : 0
    const callCount = Math.max(left > 0 ? 100 : 0, used, this.#pretended.callCount)
    const usage = {
      call_count: callCount,
      total_cputime: this.#pretended.cpuTime,
      total_time: this.#pretended.totalTime,
    }
    const quiet = { call_count: 1, total_cputime: 1, total_time: 1, estimated_time_to_regain_access: 0 }
    const minutes = left > 0 ? Math.ceil(left / MINUTE) : 0
    return {
      'x-app-usage': JSON.stringify(usage),
      'x-business-use-case-usage': JSON.stringify({
        '900100200300': [{ type: 'pages', ...quiet }],
        [this.#pageId]: [
          { type: 'pages', ...quiet },
          { type: 'messenger', ...usage, estimated_time_to_regain_access: minutes },
        ],
      }),
    }
  }
}
