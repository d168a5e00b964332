/** One stretch of a B2Chat sync, under its lock: read pages, store them, have the database transform what is stored, and say how it ended. */
import { z } from 'zod'
import { type B2ChatClient, type B2ChatExport, type ExportOptions, storePages } from '../../channels/b2chat/client.ts'
import { ExportCursor } from '../../channels/b2chat/cursor.ts'
import { addDays, dayIn } from '../../channels/b2chat/day-windows.ts'
import { B2ChatError, type B2ChatErrorCode } from '../../channels/b2chat/errors.ts'
import type { ExportPage } from '../../channels/b2chat/walk.ts'
import type { B2ChatCalls, RawEntity, TransformCounts } from '../../crm/b2chat.ts'
import type { StartedSync, SyncCalls } from '../../crm/sync.ts'
import type { Clock } from '../../lib/clock.ts'
import { type EarlyEnd, endOfError, isLockLost } from '../run-end.ts'

/** The most records one call of `land_raw_records` takes. */
const MAX_LANDED = 500
/** The part of the budget after which no more pages are read, so that what is stored also gets transformed. */
const READING_PART = 0.6
/** How many days back the first run begins, unless the account's settings say from when. */
const FIRST_DAYS = 30
/** For how long nobody asks, in seconds, where B2Chat wants fewer requests and does not say for how long. */
const THROTTLED_SECONDS = 60
/** The database blocks nothing for longer. */
const LONGEST_BLOCK_SECONDS = 7 * 86_400

/** How a run ends that B2Chat refused, and the code that its error begins with. */
const ENDS: Readonly<Record<B2ChatErrorCode, EarlyEnd>> = {
  bad_credentials: { status: 'failed', code: 'reconnect' },
  unauthorized: { status: 'failed', code: 'reconnect' },
  forbidden: { status: 'failed', code: 'permission' },
  bad_request: { status: 'failed', code: 'invalid' },
  refused: { status: 'failed', code: 'invalid' },
  unexpected_answer: { status: 'failed', code: 'invalid' },
  rate_limited: { status: 'paused', code: 'throttled' },
  provider_error: { status: 'paused', code: 'provider_unavailable' },
  timeout: { status: 'paused', code: 'provider_unavailable' },
  connection_failed: { status: 'paused', code: 'provider_unavailable' },
  cut_body: { status: 'paused', code: 'provider_unavailable' },
}

export interface RunOptions {
  channelAccountId: string
  /** The merchant, as B2Chat knows it. */
  externalId: string
  resource: string
  settings: { sync_from?: string | undefined; time_zone: string }
  crm: SyncCalls & B2ChatCalls
  client: B2ChatClient
  run: StartedSync
  clock: Clock
  /** Milliseconds. */
  budget: number
  /** After so many records no further page is read. */
  maxRecords: number
}

/** What a stretch did for one export; `unsettled` are the days of which rows may be missing, because they moved while they were read. */
export interface EntityProgress extends Omit<TransformCounts, 'processed'> {
  done: boolean
  pages: number
  records: number
  rejected: number
  landed: number
  unchanged: number
  unsettled: string[]
}

export interface RunResult {
  hasMore: boolean
  contacts: EntityProgress
  chats: EntityProgress
  /** Why reading ended early, when it was B2Chat's fault. What had been stored by then was transformed all the same. */
  failure: B2ChatError | undefined
}

/** Where an export goes on, and the run that has read it to its end: only the next one reads it again. */
const StoredCursor = ExportCursor.extend({ readBy: z.string().optional() }).optional().catch(undefined)
/** One of another form is none, and the export is read from its first day again. */
const StoredCursors = z.object({ contacts: StoredCursor, chats: StoredCursor })

/**
 * Reads, stores and transforms until everything is read or the time is over, and then says, in the database, how the run ended;
 * that gives the lock back. Throws RpcError `lock_lost` when somebody else has the lock by now: then nothing more is written.
 */
export async function runB2ChatSync(options: RunOptions): Promise<RunResult> {
  const { crm, run } = options
  const lease = { runId: run.run_id, token: run.token }
  let result: RunResult
  try {
    result = await readAndTransform(options)
  } catch (error) {
    if (isLockLost(error)) throw error
    const { status, code } = endOfError(error)
    await crm.finishSync({ ...lease, status, error: code })
    throw error
  }
  const { failure } = result
  if (failure) {
    const { status, code } = ENDS[failure.code]
    const rest = restSeconds(failure)
    // How the run ended is to be kept in any case; a database that is away fails at that too.
    if (rest > 0) {
      await crm.blockRateLimit({ bucket: `b2chat:${options.externalId}`, seconds: rest }).catch(() => undefined)
    }
    // Its message quotes nothing that was sent or answered.
    await crm.finishSync({ ...lease, status, error: `${code}: ${failure.message}` })
  } else {
    await crm.finishSync({ ...lease, status: result.hasMore ? 'paused' : 'completed', keepCursor: true })
  }
  return result
}

async function readAndTransform(options: RunOptions): Promise<RunResult> {
  const { client, run, clock, budget } = options
  const started = clock.now()
  const result: RunResult = { hasMore: false, contacts: noProgress(), chats: noProgress(), failure: undefined }
  const cursors = StoredCursors.parse(run.cursor)
  const enough = new AbortController()
  let records = 0

  async function read(entity: RawEntity, start: (reading: ExportOptions) => B2ChatExport): Promise<void> {
    const cursor = cursors[entity]
    const progress = result[entity]
    if (cursor?.readBy === run.run_id) {
      progress.done = true
      return
    }
    const reading = {
      from: firstDay(options.settings, clock.now(), cursor),
      cursor,
      timeZone: options.settings.time_zone,
      until: started + budget * READING_PART,
      signal: enough.signal,
    }
    const summary = await storePages(start(reading), async (page) => {
      await land(options, page, progress)
      records += page.records.length
      if (records >= options.maxRecords) enough.abort()
    })
    progress.done = summary.done
    progress.unsettled = summary.unsettled.map(({ window }) => window)
    // What fails as the time ends is of no account, unless nothing could be read at all, or B2Chat wants to be left alone.
    const { failure } = summary
    const isIdle = result.contacts.pages + result.chats.pages === 0
    if (failure && (isIdle || failure.retryAfter !== null)) throw failure
  }

  const exports = { contacts: client.exportContacts, chats: client.exportChats }
  for (const entity of ['contacts', 'chats'] as const) {
    try {
      await read(entity, exports[entity])
    } catch (error) {
      // One export that keeps failing must not keep the other from being read.
      if (!(error instanceof B2ChatError)) throw error
      // What waits for a person outweighs what passes.
      if (!result.failure || (result.failure.isTransient && !error.isTransient)) result.failure = error
      if (error.retryAfter !== null) break
    }
  }

  const isDrained = await transformAll(options, result, started + budget)
  result.hasMore = !result.contacts.done || !result.chats.done || !isDrained
  return result
}

/** Stores a page in slices. The cursor goes with the last one, so a run that ends between them reads the page again. */
async function land(options: RunOptions, page: ExportPage, progress: EntityProgress): Promise<void> {
  const { crm, run, channelAccountId, resource } = options
  const cursor = page.isLast ? { ...page.cursor, readBy: run.run_id } : page.cursor
  const slices = Math.max(1, Math.ceil(page.records.length / MAX_LANDED))
  for (let slice = 0; slice < slices; slice += 1) {
    const counts = await crm.landRawRecords({
      channelAccountId,
      entity: page.entity,
      records: page.records.slice(slice * MAX_LANDED, (slice + 1) * MAX_LANDED),
      rejected: slice === 0 ? page.rejected : [],
      resource,
      runId: run.run_id,
      lockToken: run.token,
      ...(slice === slices - 1 ? { cursor } : {}),
    })
    progress.landed += counts.landed
    progress.unchanged += counts.unchanged
  }
  progress.pages += 1
  progress.records += page.records.length
  progress.rejected += page.rejected.length
}

/** Has pending records transformed until none is left (true) or the time is over. Contacts first: chats then find them. */
async function transformAll({ crm, run, clock }: RunOptions, result: RunResult, until: number): Promise<boolean> {
  for (const entity of ['contacts', 'chats'] as const) {
    for (let processed = 1; processed > 0; ) {
      if (clock.now() >= until) return false
      const call = { run: { runId: run.run_id, token: run.token } }
      const counts = await (entity === 'contacts' ? crm.transformRawContacts(call) : crm.transformRawChats(call))
      processed = counts.processed
      const progress = result[entity]
      for (const outcome of ['created', 'updated', 'upgraded', 'skipped', 'failed'] as const) {
        progress[outcome] += counts[outcome]
      }
    }
  }
  return true
}

/** For how long nobody asks after this failure. */
function restSeconds({ code, retryAfter }: B2ChatError): number {
  const seconds = Math.ceil((retryAfter ?? 0) / 1000)
  return Math.min(code === 'rate_limited' ? seconds || THROTTLED_SECONDS : seconds, LONGEST_BLOCK_SECONDS)
}

/** The first day to read, `YYYY-MM-DD`. Without a setting, a run that comes late still goes on where the last one stopped. */
function firstDay(settings: RunOptions['settings'], now: number, cursor: ExportCursor | undefined): string {
  if (settings.sync_from !== undefined) return settings.sync_from
  const from = addDays(dayIn(settings.time_zone, now), -FIRST_DAYS)
  return cursor && cursor.window < from ? cursor.window : from
}

function noProgress(): EntityProgress {
  return {
    done: false,
    pages: 0,
    records: 0,
    rejected: 0,
    landed: 0,
    unchanged: 0,
    created: 0,
    updated: 0,
    upgraded: 0,
    skipped: 0,
    failed: 0,
    unsettled: [],
  }
}
