import pRetry from 'p-retry'
import type { Clock } from './clock.ts'

/** How often and how fast a request is repeated. Times are milliseconds. */
export interface RetryPolicy {
  /** Repeats after the first attempt. */
  retries: number
  /** The n-th wait is a random part of `firstWait` · 2^(n-1), which never exceeds `longestWait`. */
  firstWait: number
  longestWait: number
  /** No repeat is begun later than so long after the first attempt. */
  longest?: number
}

/** The run's time is over: thrown by what waits or asks, and turned into a cursor by the walk. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime'
}

/** A failure that the same request, made again, may well not meet. */
export interface Transient {
  /** How long the provider asked to wait, in milliseconds; null when it did not say. */
  retryAfter: number | null
}

export interface RetryContext {
  policy: RetryPolicy
  clock: Clock
  /** 0 to 1, without 1. */
  random: () => number
  signal: AbortSignal
  /** No wait reaches beyond this time. */
  until: number
  /** Undefined for what is not to be repeated. */
  transient: (error: unknown) => Transient | undefined
}

/**
 * Repeats `attempt` while it fails by a transient error; any other failure, and the last one, is thrown as it is. Between
 * attempts it waits as long as the provider asked for, otherwise exponentially longer with full jitter (p-retry's own
 * `randomize` never waits less than the whole step). Throws OutOfTime, whose cause is the failure, instead of starting a wait
 * that would end after `until`, and the failure instead of one that would end after the policy's `longest`.
 */
export function withRetries<T>(attempt: () => Promise<T>, context: RetryContext): Promise<T> {
  const { policy, clock } = context
  const last = clock.now() + (policy.longest ?? Number.POSITIVE_INFINITY)
  return pRetry(attempt, {
    retries: policy.retries,
    // The waiting is done below, by the clock that was given and as the provider asks.
    minTimeout: 0,
    shouldRetry: ({ error }) => context.transient(error) !== undefined,
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      const transient = context.transient(error)
      if (!transient || retriesLeft === 0) return
      const most = Math.min(policy.longestWait, policy.firstWait * 2 ** (attemptNumber - 1))
      const wait = transient.retryAfter ?? context.random() * most
      const next = clock.now() + wait
      if (next > last) throw error
      if (next >= context.until) {
        throw new OutOfTime('the wait would outlast the run', { cause: error })
      }
      await clock.sleep(wait, context.signal)
    },
  })
}
