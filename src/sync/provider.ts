/** What a channel brings to its sync. Everything else is the handler's: the request, the run, its lock and the answer. */
import type { Channel } from '../contract/channels.ts'
import type { ChannelAccount } from '../crm/setup.ts'
import type { StartedSync, SyncCalls } from '../crm/sync.ts'
import type { Clock } from '../lib/clock.ts'
import type { Env } from '../lib/secrets.ts'
import type { ProviderFailure } from './failure.ts'
import type { RateLimiter } from './rate-limiter.ts'

export interface SyncProvider<Crm extends SyncCalls = SyncCalls> {
  channel: Channel
  /** The Edge Function, which names the holder of the lock. */
  functionName: string
  /** How messages call an account of the channel, such as `Messenger`. */
  accountName: string
  /** How messages call the service that is read, such as `Graph`. */
  serviceName: string
  /** Whether the next incremental run resumes from the cursor of a completed one. */
  keepsCursor: boolean
  /**
   * Reads the account's settings and secret before a run begins, and makes its client. Throws `MissingSecret`, and
   * `HttpError` 400 for a setting that it cannot use.
   */
  open(account: ChannelAccount, env: Env): ReadStretch<Crm>
  /** How an error of this provider ends a run. Undefined for every other error. */
  failureOf(error: unknown): ProviderFailure | undefined
}

/** Reads and stores until everything is read or the time is over. It may throw instead of returning its failure. */
export type ReadStretch<Crm extends SyncCalls = SyncCalls> = (stretch: Stretch<Crm>) => Promise<StretchEnd>

/** One call's share of a run. Times are milliseconds since 1970. */
export interface Stretch<Crm extends SyncCalls = SyncCalls> {
  /** Acts as the service role. */
  crm: Crm
  run: StartedSync
  channelAccountId: string
  limiter: RateLimiter
  clock: Clock
  startedAt: number
  /** No further page is begun from this time on. */
  until: number
}

export interface StretchEnd {
  /** True when everything is read. */
  done: boolean
  /** Why reading ended early; undefined when it did not, or only for lack of time. */
  failure?: unknown
  /** What this call did, for `progress` of the answer. */
  details?: Record<string, unknown>
}
