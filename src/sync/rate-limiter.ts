/** Keeps an account's requests within the limit that all functions share, which is a bucket in the database. */

import type { RateLimitCalls } from '../crm/sync.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { OutOfTime } from '../lib/retry.ts'

/** A longer wait, in milliseconds, pauses the run instead, so that the lock is free meanwhile. */
const MAX_WAIT = 5_000
/** The database blocks nothing for longer. */
const MAX_BLOCK_SECONDS = 7 * 86_400

export interface RateLimiterOptions {
  crm: RateLimitCalls
  bucket: string
  clock?: Clock
  /** The time, in milliseconds since 1970, at which the run is over. */
  until: number
}

export class RateLimiter {
  readonly #options: Required<RateLimiterOptions>
  readonly #paused = new AbortController()
  #resumeAt: number | null = null

  constructor(options: RateLimiterOptions) {
    this.#options = { clock: systemClock, ...options }
  }

  /** Aborts when nothing more should be asked for. What is already answered must still be stored. */
  get signal(): AbortSignal {
    return this.#paused.signal
  }

  /** When asking makes sense again, in milliseconds since 1970; null while nothing prevents it. */
  get resumeAt(): number | null {
    return this.#resumeAt
  }

  /** Resolves when the next request may be sent. Throws OutOfTime when that would be too late for this run. */
  readonly acquire = async (): Promise<void> => {
    const { crm, bucket, clock, until } = this.#options
    for (;;) {
      const grant = await crm.takeRateLimit({ bucket })
      if (grant.granted) return
      const at = clock.now() + grant.retry_after_ms
      if (grant.retry_after_ms > MAX_WAIT || at >= until) {
        this.#resumeAt = Math.max(this.#resumeAt ?? 0, at)
        throw new OutOfTime('the rate limit outlasts the run')
      }
      await clock.sleep(grant.retry_after_ms, this.signal)
    }
  }

  /** Blocks the bucket for these seconds, seven days at most, and ends this run's asking. */
  async block(wanted: number): Promise<void> {
    const { crm, bucket, clock } = this.#options
    const seconds = Math.min(wanted, MAX_BLOCK_SECONDS)
    await crm.blockRateLimit({ bucket, seconds })
    this.#resumeAt = Math.max(this.#resumeAt ?? 0, clock.now() + seconds * 1000)
    this.#paused.abort(new OutOfTime('the account pauses'))
  }
}
