/** Keeps a page's Graph requests within the limit that all functions share, which is a bucket in the database. */

import type { GraphUsage } from '../../channels/messenger/graph/usage.ts'
import type { RateLimitCalls } from '../../crm/sync.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { OutOfTime } from '../../lib/retry.ts'

/** A longer wait than this, in milliseconds, is not waited for: the run pauses and the lock is free meanwhile. */
const LONGEST_WAIT = 5_000
/** Graph asked for less, in so many words: nobody asks for a minute. */
const PRESSURE_SECONDS = 60
/** The database blocks nothing for longer. */
const LONGEST_BLOCK_SECONDS = 7 * 86_400

export interface GraphPaceOptions {
  crm: RateLimitCalls
  bucket: string
  clock?: Clock
  /** The time, in milliseconds since 1970, at which the run is over. */
  until: number
}

export class GraphPace {
  readonly #options: Required<GraphPaceOptions>
  readonly #paused = new AbortController()
  #resumeAt: number | null = null

  constructor(options: GraphPaceOptions) {
    this.#options = { clock: systemClock, ...options }
  }

  /** Aborts when nothing more should be asked for; what was answered by then is still to be stored. */
  get signal(): AbortSignal {
    return this.#paused.signal
  }

  /** When asking makes sense again, in milliseconds since 1970; null while nothing stands against it. */
  get resumeAt(): number | null {
    return this.#resumeAt
  }

  /** Resolves when the next request may be sent. Throws OutOfTime when that would be too late for this run. */
  readonly take = async (): Promise<void> => {
    const { crm, bucket, clock, until } = this.#options
    for (;;) {
      const grant = await crm.takeRateLimit({ bucket })
      if (grant.granted) return
      const at = clock.now() + grant.retry_after_ms
      if (grant.retry_after_ms > LONGEST_WAIT || at >= until) {
        this.#resumeAt = Math.max(this.#resumeAt ?? 0, at)
        throw new OutOfTime('the rate limit outlasts the run')
      }
      await clock.sleep(grant.retry_after_ms, this.signal)
    }
  }

  /** Blocks the bucket for as long as the headers of an answer say. */
  readonly onUsage = async ({ state, blockMinutes }: GraphUsage): Promise<void> => {
    if (state === 'ok') return
    await this.block(state === 'blocked' ? blockMinutes * 60 : PRESSURE_SECONDS)
  }

  /** Lets nobody ask for these seconds, seven days at most, and ends this run's asking. */
  async block(wanted: number): Promise<void> {
    const { crm, bucket, clock } = this.#options
    const seconds = Math.min(wanted, LONGEST_BLOCK_SECONDS)
    await crm.blockRateLimit({ bucket, seconds })
    this.#resumeAt = Math.max(this.#resumeAt ?? 0, clock.now() + seconds * 1000)
    this.#paused.abort(new OutOfTime('the page rests'))
  }
}
