/** What syncs share: locks, runs with their pages and cursors, and rate limits. All for the service role only. */
import { z } from 'zod'
import type { InboundItem, RejectedItem } from '../contract/inbound.ts'
import { type Call, Count, JsonObject, Nothing, onlyRow } from './rpc.ts'

export const LockAttempt = z.union([
  z.object({ acquired: z.literal(true), token: z.string(), fencing_token: z.number().int(), expires_at: z.string() }),
  z.object({ acquired: z.literal(false), held_by: z.string(), expires_at: z.string() }),
])
/** The lock that the caller now holds, or who holds it and until when. */
export type LockAttempt = z.infer<typeof LockAttempt>

const ItemOutcomes = z.object({
  items: Count,
  created: Count,
  updated: Count,
  unchanged: Count,
  failed: Count,
  rejected: Count,
  total_estimate: Count.nullable(),
})
export const RunCounts = ItemOutcomes.extend({ pages: Count, mode: z.enum(['full', 'incremental']) })
/** What a whole run has read, and what became of it. */
export type RunCounts = z.infer<typeof RunCounts>

const StartedRun = RunCounts.extend({
  run_id: z.string(),
  since: z.string().nullable(),
  resource: z.string(),
  bucket: z.string(),
})
export const SyncStart = z.discriminatedUnion('status', [
  StartedRun.extend({
    status: z.literal('running'),
    token: z.string(),
    cursor: JsonObject,
    resumed: z.boolean(),
    fencing_token: z.number().int(),
    expires_at: z.string(),
  }),
  StartedRun.extend({ status: z.enum(['completed', 'failed']), token: z.null() }),
])
/**
 * A run whose lock the caller now holds, or one that the caller asked for by its id and that has finished.
 * A held run says where it resumes (`cursor`), from when it reads (`since`, null: everything) and how far it has come.
 */
export type SyncStart = z.infer<typeof SyncStart>
/** A run whose lock the caller now holds. */
export type StartedSync = Extract<SyncStart, { status: 'running' }>

export const PageOutcome = ItemOutcomes.extend({
  expires_at: z.string(),
  run_pages: Count,
  run_items: Count,
  run_created: Count,
  run_updated: Count,
  run_unchanged: Count,
  run_failed: Count,
  run_rejected: Count,
})
/**
 * What became of a page's items (`items` is the sum of the next four), the same of the whole run (`run_…`), and when
 * the lease ends now.
 */
export type PageOutcome = z.infer<typeof PageOutcome>

/** How a process leaves a run: for good, or to be resumed. */
export type SyncEnd = 'completed' | 'paused' | 'failed'

export const RateGrant = z.discriminatedUnion('granted', [
  z.object({ granted: z.literal(true) }),
  z.object({ granted: z.literal(false), retry_after_ms: Count }),
])
/** Permission to send, or in how many milliseconds to ask again. */
export type RateGrant = z.infer<typeof RateGrant>

export interface LockCalls {
  /**
   * Takes the lock of a resource for `ttl` seconds (five minutes), or says who holds it. Not idempotent: an attempt
   * whose answer was lost may hold the lock until it ends.
   */
  acquireSyncLock(call: { resource: string; holder: string; ttl?: number }): Promise<LockAttempt>

  /** Extends a lock to `ttl` seconds (five minutes) from now and returns when it ends. Null when it is lost. */
  extendSyncLock(call: { resource: string; token: string; ttl?: number }): Promise<string | null>

  /** Gives a lock back. False when it was already lost. */
  releaseSyncLock(call: { resource: string; token: string }): Promise<boolean>

  /** Marks the locks whose lease is over as free, and returns how many. */
  cleanupExpiredLocks(): Promise<number>
}

export interface RunCalls {
  /** Returns where the next run over a resource resumes. Null when there was no run. */
  syncCursor(call: { workspaceId: string; resource: string }): Promise<Record<string, unknown> | null>

  /**
   * Takes the lock of what the sync of the account's channel reads, for five minutes, and resumes its unfinished run or
   * begins one. With `runId` it resumes that run, or returns it once it has finished. The answer names the `resource` of
   * the lock and the `bucket` of the account's rate limit. PT409 `lock_held`, PT404. Not idempotent: an attempt whose
   * answer was lost may hold the lock until it ends.
   */
  startSync(call: {
    channelAccountId: string
    mode: 'full' | 'incremental'
    holder: string
    runId?: string
  }): Promise<SyncStart>

  /**
   * Ingests a page for a run, and keeps the cursor after it and, as dead letters, what translation rejected. It also
   * extends the lock to five minutes from now. All in one transaction. A cursor of null leaves the stored one: more of
   * the same page follows. PT409 `lock_lost`.
   */
  commitSyncPage(call: {
    runId: string
    token: string
    items: InboundItem[]
    cursor: Record<string, unknown> | null
    totalEstimate?: number
    /** The run counts `what` was rejected; without it, the reason. */
    rejected?: (RejectedItem & { what?: string })[]
    workspaceId?: string
  }): Promise<PageOutcome>

  /**
   * Ends or pauses a run, gives its lock back, and returns what the whole run has counted. A failed run needs an error
   * that begins with a stable code; a paused one may have one. With `keepCursor` the next incremental run after a
   * completed one resumes from its cursor. PT409 `lock_lost`.
   */
  finishSync(call: {
    runId: string
    token: string
    status: SyncEnd
    error?: string
    workspaceId?: string
    keepCursor?: boolean
  }): Promise<RunCounts>
}

export interface RateLimitCalls {
  /** Takes tokens (one) from a bucket such as `<channel>:<external id>`, if it has enough and is not blocked. */
  takeRateLimit(call: { bucket: string; cost?: number }): Promise<RateGrant>

  /** Sets how many tokens a bucket holds and gains per second. A bucket that was never set has 100 and 10. */
  setRateLimit(call: { bucket: string; capacity: number; refillPerSecond: number }): Promise<void>

  /** Makes a bucket grant nothing for these seconds, at most 7 days. A block that ends later stays. */
  blockRateLimit(call: { bucket: string; seconds: number }): Promise<void>
}

export interface SyncCalls extends LockCalls, RunCalls, RateLimitCalls {}

export function syncCalls(call: Call): SyncCalls {
  return { ...lockCalls(call), ...runCalls(call), ...rateLimitCalls(call) }
}

function lockCalls(call: Call): LockCalls {
  return {
    acquireSyncLock: ({ resource, holder, ttl }) =>
      call('acquire_sync_lock', { p_resource: resource, p_holder: holder, p_ttl: interval(ttl) }, onlyRow(LockAttempt)),

    extendSyncLock: ({ resource, token, ttl }) =>
      call('extend_sync_lock', { p_resource: resource, p_token: token, p_ttl: interval(ttl) }, z.string().nullable()),

    releaseSyncLock: ({ resource, token }) =>
      call('release_sync_lock', { p_resource: resource, p_token: token }, z.boolean()),

    cleanupExpiredLocks: () => call('cleanup_expired_locks', {}, z.number().int()),
  }
}

function runCalls(call: Call): RunCalls {
  return {
    syncCursor: ({ workspaceId, resource }) =>
      call('sync_cursor', { p_workspace_id: workspaceId, p_resource: resource }, JsonObject.nullable()),

    startSync: ({ channelAccountId, mode, holder, runId }) =>
      call(
        'start_sync',
        {
          p_channel_account_id: channelAccountId,
          p_resource: undefined,
          p_mode: mode,
          p_holder: holder,
          p_run_id: runId,
        },
        onlyRow(SyncStart),
      ),

    commitSyncPage: ({ runId, token, items, cursor, totalEstimate, rejected = [], workspaceId }) =>
      call(
        'commit_sync_page',
        {
          p_run_id: runId,
          p_token: token,
          p_items: items,
          p_cursor: cursor,
          p_rejected: rejected,
          p_total_estimate: totalEstimate,
          p_workspace_id: workspaceId,
        },
        onlyRow(PageOutcome),
      ),

    finishSync: ({ runId, token, status, error, workspaceId, keepCursor }) =>
      call(
        'finish_sync',
        {
          p_run_id: runId,
          p_token: token,
          p_status: status,
          p_error: error,
          p_workspace_id: workspaceId,
          p_keep_cursor: keepCursor,
        },
        onlyRow(RunCounts),
      ),
  }
}

function rateLimitCalls(call: Call): RateLimitCalls {
  return {
    takeRateLimit: ({ bucket, cost = 1 }) =>
      call('take_rate_limit', { p_bucket: bucket, p_cost: cost }, onlyRow(RateGrant)),

    setRateLimit: async ({ bucket, capacity, refillPerSecond }) => {
      await call(
        'set_rate_limit',
        { p_bucket: bucket, p_capacity: capacity, p_refill_per_second: refillPerSecond },
        Nothing,
      )
    },

    blockRateLimit: async ({ bucket, seconds }) => {
      await call('block_rate_limit', { p_bucket: bucket, p_for: interval(seconds) }, Nothing)
    },
  }
}

/** Seconds as an interval, where they are given. */
function interval(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : `${seconds} seconds`
}
