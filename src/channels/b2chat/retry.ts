import pRetry from 'p-retry'
import type { Clock } from './clock.ts'
import { B2ChatError } from './errors.ts'

/** How often and how fast a request is repeated. Times are milliseconds. */
export interface RetryPolicy {
  /** Repeats after the first attempt. */
  retries: number
  /** The n-th wait is a random part of `firstWait` · 2^(n-1), which never exceeds `longestWait`. */
  firstWait: number
  longestWait: number
}

/** Enough repeats to come down from the largest page to a single record. */
export const DEFAULT_RETRY: RetryPolicy = { retries: 8, firstWait: 500, longestWait: 30_000 }

/** The run's time is over: thrown by what waits or asks, and turned into a cursor by the walk. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime'
}

export interface RetryContext {
  policy: RetryPolicy
  clock: Clock
  /** 0 to 1, without 1. */
  random: () => number
  signal: AbortSignal
  /** No wait reaches beyond this time. */
  until: number
}

/**
 * Repeats `attempt` while it fails by a transient `B2ChatError`; any other failure, and the last one, is thrown as it is.
 * Between attempts it waits as long as B2Chat asked for, otherwise exponentially longer with full jitter. Throws
 * OutOfTime instead of starting a wait that would end after `until`.
 */
export function withRetries<T>(attempt: () => Promise<T>, context: RetryContext): Promise<T> {
  const { policy, clock } = context
  return pRetry(attempt, {
    retries: policy.retries,
    // The waiting is done below, by the clock that was given and as B2Chat asks.
    minTimeout: 0,
    shouldRetry: ({ error }) => error instanceof B2ChatError && error.isTransient,
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      if (!(error instanceof B2ChatError) || !error.isTransient || retriesLeft === 0) return
      const most = Math.min(policy.longestWait, policy.firstWait * 2 ** (attemptNumber - 1))
      const wait = error.retryAfter ?? context.random() * most
      if (clock.now() + wait >= context.until) throw new OutOfTime('the wait would outlast the run')
      await clock.sleep(wait, context.signal)
    },
  })
}
