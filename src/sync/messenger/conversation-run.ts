/** One stretch of a conversation sync, under its lock: pages of Graph go into the database until the end or out of budget. */
import type { GraphClient } from '../../channels/messenger/client.ts'
import { GraphError, type GraphErrorKind } from '../../channels/messenger/graph/errors.ts'
import { readCursor } from '../../channels/messenger/walk/cursor.ts'
import { walkConversations } from '../../channels/messenger/walk/walk.ts'
import type { RunCalls, StartedSync, SyncStart } from '../../crm/sync.ts'
import { readAhead } from '../../lib/read-ahead.ts'
import { type EarlyEnd, endOfError, isLockLost } from '../run-end.ts'
import type { GraphPace } from './graph-pace.ts'

export interface ConversationRunOptions {
  crm: RunCalls
  client: GraphClient
  pace: GraphPace
  run: StartedSync
  /** The time, in milliseconds since 1970, at which no further page is begun. */
  until: number
  /** After so many messages no further page is begun. */
  maxMessages: number
}

/** How far the whole run has come, and what became of the items. */
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
  /** Why it did not get to the end of its budget, or of the page. */
  failure: { code: string; cause: unknown } | undefined
}

/** How a run ends that Graph refused, and the code that its error begins with. */
const ENDS: Readonly<Record<GraphErrorKind, EarlyEnd>> = {
  retryable: { status: 'paused', code: 'provider_unavailable' },
  throttled: { status: 'paused', code: 'throttled' },
  token: { status: 'failed', code: 'reconnect' },
  permission: { status: 'failed', code: 'permission' },
  policy: { status: 'failed', code: 'policy' },
  cursor: { status: 'failed', code: 'cursor' },
  too_much_data: { status: 'failed', code: 'invalid' },
  invalid: { status: 'failed', code: 'invalid' },
}

/** For how long nobody asks a page that Meta blocked for its policies. A person has to look at it. */
const POLICY_PAUSE_SECONDS = 3600

/** Pages that are read while one is being stored: more would only fill the memory. */
const PAGES_AHEAD = 2

/**
 * Stores page after page and then says, in the database, how the run ended; that gives the lock back. Throws RpcError
 * `lock_lost` when somebody else has the lock by now: then nothing more is written.
 */
export async function runConversationSync(options: ConversationRunOptions): Promise<RunEnd> {
  const { crm, pace, run } = options
  const progress = progressOf(run)
  const lease = { runId: run.run_id, token: run.token }
  let done: boolean
  try {
    done = await storePages(options, progress)
  } catch (error) {
    if (isLockLost(error)) throw error
    const end = endOf(error)
    const rest = error instanceof GraphError ? restSeconds(error) : 0
    // How the run ended is to be kept in any case; a database that is away fails at that too.
    if (rest > 0) await pace.block(rest).catch(() => undefined)
    await crm.finishSync({ ...lease, status: end.status, error: describe(end.code, error) })
    return { status: end.status, progress, failure: { code: end.code, cause: error } }
  }
  const status = done ? 'completed' : 'paused'
  await crm.finishSync({ ...lease, status, ...(pace.resumeAt === null ? {} : { error: 'throttled' }) })
  return { status, progress, failure: undefined }
}

/** True when everything is read. */
async function storePages(options: ConversationRunOptions, progress: SyncProgress): Promise<boolean> {
  const { crm, client, pace, run, until, maxMessages } = options
  const enough = new AbortController()
  const source = walkConversations({
    client,
    cursor: readCursor(run.cursor),
    mode: run.mode,
    since: run.since,
    until,
    signal: AbortSignal.any([pace.signal, enough.signal]),
  })
  const pages = readAhead(source, PAGES_AHEAD)
  let messages = 0
  try {
    for (;;) {
      const step = await pages.next()
      if (step.done) return step.value.done
      const { items, rejected, cursor, totalEstimate } = step.value
      const page = await crm.commitSyncPage({
        runId: run.run_id,
        token: run.token,
        items,
        rejected,
        cursor,
        ...(totalEstimate === undefined ? {} : { totalEstimate }),
      })
      progress.pages = page.run_pages
      progress.items = page.run_items
      progress.created = page.run_created
      progress.updated = page.run_updated
      progress.unchanged = page.run_unchanged
      progress.failed = page.run_failed
      progress.rejected = page.run_rejected
      progress.totalEstimate = page.total_estimate
      messages += items.reduce((count, { events }) => count + events.length, 0)
      if (messages >= maxMessages) enough.abort()
    }
  } finally {
    // Nobody waits for what was asked ahead.
    enough.abort()
  }
}

/** What a run that was begun or asked for has come to. */
export function progressOf(run: SyncStart): SyncProgress {
  const { mode, pages, items, created, updated, unchanged, failed, rejected, total_estimate } = run
  return { mode, pages, items, created, updated, unchanged, failed, rejected, totalEstimate: total_estimate }
}

function endOf(error: unknown): EarlyEnd {
  return error instanceof GraphError ? ENDS[error.kind] : endOfError(error)
}

/** For how long nobody asks after this failure: the longest that it says in any way. */
function restSeconds({ kind, regainMinutes = 0, retryAfter }: GraphError): number {
  const asked = Math.ceil((retryAfter ?? 0) / 1000)
  return Math.max(asked, regainMinutes * 60, kind === 'policy' ? POLICY_PAUSE_SECONDS : 0)
}

/** A GraphError quotes nothing; what others say may hold people's words, so only their code is kept. */
function describe(code: string, error: unknown): string {
  return error instanceof GraphError ? `${code}: ${error.message}` : code
}
