/** One stretch of a run, under its lock: the provider reads and stores, and the database is told how that ended. */
import type { RunCounts, SyncCalls } from '../crm/sync.ts'
import { failureOf, isLockLost, type ProviderFailure, type SyncFailure } from './failure.ts'
import type { ReadStretch, Stretch, StretchEnd, SyncProvider } from './provider.ts'

/** What the whole run has read, and what became of it. */
export interface SyncProgress {
  mode: 'full' | 'incremental'
  pages: number
  items: number
  created: number
  updated: number
  unchanged: number
  failed: number
  rejected: number
  totalEstimate: number | null
}

export interface RunEnd {
  status: 'completed' | 'paused' | 'failed'
  progress: SyncProgress
  /** What this call did besides. */
  details: Record<string, unknown>
  /** Why reading ended early, and the error itself. `provider` is set when the provider failed. */
  failure: (SyncFailure & { cause: unknown; provider: ProviderFailure | undefined }) | undefined
}

/**
 * Lets the provider read, and ends or pauses the run, which gives its lock back. Throws RpcError: `lock_lost` when another
 * caller has the lock, and then nothing more is written; or what the run's end failed by.
 */
export async function runStretch<Crm extends SyncCalls>(
  provider: SyncProvider<Crm>,
  read: ReadStretch<Crm>,
  stretch: Stretch<Crm>,
): Promise<RunEnd> {
  const { crm, run, limiter } = stretch
  const end = await readOrFail(read, stretch)
  const failure = judge(provider, end)
  const pauseSeconds = failure?.provider?.pauseSeconds ?? 0
  // The end of the run must be kept even when the block cannot be: a database that is away fails at both.
  if (pauseSeconds > 0) await limiter.block(pauseSeconds).catch(() => undefined)
  const lease = { runId: run.run_id, token: run.token }
  if (failure) {
    const { status, code, provider: judged } = failure
    // Other errors may hold people's words, so only their code is kept.
    const error = judged ? `${code}: ${judged.text}` : code
    const counts = await crm.finishSync({ ...lease, status, error })
    return { status, progress: progressOf(counts), details: end.details ?? {}, failure }
  }
  const status = end.done ? 'completed' : 'paused'
  const counts = await crm.finishSync({
    ...lease,
    status,
    ...(limiter.resumeAt === null ? {} : { error: 'throttled' }),
    ...(provider.keepsCursor ? { keepCursor: true } : {}),
  })
  return { status, progress: progressOf(counts), details: end.details ?? {}, failure: undefined }
}

async function readOrFail<Crm extends SyncCalls>(read: ReadStretch<Crm>, stretch: Stretch<Crm>): Promise<StretchEnd> {
  try {
    return await read(stretch)
  } catch (error) {
    if (isLockLost(error)) throw error
    return { done: false, failure: error }
  }
}

function judge<Crm extends SyncCalls>(provider: SyncProvider<Crm>, { failure }: StretchEnd): RunEnd['failure'] {
  if (failure === undefined) return undefined
  const judged = provider.failureOf(failure)
  const { status, code } = judged ?? failureOf(failure)
  return { status, code, cause: failure, provider: judged }
}

export function progressOf(counts: RunCounts): SyncProgress {
  const { mode, pages, items, created, updated, unchanged, failed, rejected, total_estimate: totalEstimate } = counts
  return { mode, pages, items, created, updated, unchanged, failed, rejected, totalEstimate }
}
