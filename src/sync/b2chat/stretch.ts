/** One stretch of a B2Chat sync: read pages, land them, and have the database transform what landed. */
import { z } from 'zod'
import { type B2ChatClient, type B2ChatExport, type ExportOptions, storePages } from '../../channels/b2chat/client.ts'
import { ExportCursor } from '../../channels/b2chat/cursor.ts'
import { addDays, dayIn } from '../../channels/b2chat/day-windows.ts'
import { B2ChatError } from '../../channels/b2chat/errors.ts'
import type { ExportPage } from '../../channels/b2chat/walk.ts'
import type { B2ChatCalls, RawEntity, TransformCounts } from '../../crm/b2chat.ts'
import type { SyncCalls } from '../../crm/sync.ts'
import type { Stretch, StretchEnd } from '../provider.ts'

/** The most records one call of `land_raw_records` takes. */
const MAX_LANDED = 500
/** The part of the time after which no more pages are read, so that what has landed also gets transformed. */
const READING_PART = 0.6
/** How many days back a full run begins, unless the account's settings say from when. */
const FIRST_DAYS = 30

/** Contacts first: chats then find them. */
const ENTITIES: readonly RawEntity[] = ['contacts', 'chats']

export type B2ChatSyncCrm = SyncCalls & B2ChatCalls

export interface ExportSettings {
  sync_from?: string | undefined
  time_zone: string
}

export interface ExportLimits {
  settings: ExportSettings
  /** After so many records no further page is read. */
  maxRecords: number
}

/** What a stretch did for one export; `unsettled` are the days whose rows moved while they were read, so some may be missing. */
export interface EntityProgress extends Omit<TransformCounts, 'processed'> {
  done: boolean
  pages: number
  records: number
  rejected: number
  landed: number
  unchanged: number
  unsettled: string[]
}

type Progress = Record<RawEntity, EntityProgress>

/** Where an export resumes, and the run that has read it to its end: only the next run reads it again. */
const StoredCursor = ExportCursor.extend({ readBy: z.string().optional() }).optional().catch(undefined)
/** A cursor of another form counts as none, so the export is read from its first day again. */
const StoredCursors = z.object({ contacts: StoredCursor, chats: StoredCursor })

/** Reads, lands and transforms until everything is read or the time is over. What has landed is transformed in any case. */
export async function readExports(
  client: B2ChatClient,
  stretch: Stretch<B2ChatSyncCrm>,
  limits: ExportLimits,
): Promise<StretchEnd> {
  const progress: Progress = { contacts: noProgress(), chats: noProgress() }
  const failure = await readAll(client, stretch, limits, progress)
  const isDrained = await transformAll(stretch, progress)
  return {
    done: progress.contacts.done && progress.chats.done && isDrained,
    ...(failure ? { failure } : {}),
    details: { ...progress },
  }
}

/** Returns the failure that ended the reading of an export, if any. */
async function readAll(
  client: B2ChatClient,
  stretch: Stretch<B2ChatSyncCrm>,
  { settings, maxRecords }: ExportLimits,
  progress: Progress,
): Promise<B2ChatError | undefined> {
  const { run, clock, startedAt, until } = stretch
  const cursors = StoredCursors.parse(run.cursor)
  const enough = new AbortController()
  let records = 0

  async function read(entity: RawEntity, start: (reading: ExportOptions) => B2ChatExport): Promise<void> {
    const cursor = cursors[entity]
    const counts = progress[entity]
    if (cursor?.readBy === run.run_id) {
      counts.done = true
      return
    }
    const reading = {
      from: firstDay(settings, clock.now(), cursor),
      cursor,
      timeZone: settings.time_zone,
      until: startedAt + (until - startedAt) * READING_PART,
      signal: enough.signal,
    }
    const summary = await storePages(start(reading), async (page) => {
      await land(stretch, page, counts)
      records += page.records.length
      if (records >= maxRecords) enough.abort()
    })
    counts.done = summary.done
    counts.unsettled = summary.unsettled.map(({ window }) => window)
    // A failure as the time ends only counts when nothing could be read at all, or B2Chat wants no requests.
    const isIdle = progress.contacts.pages + progress.chats.pages === 0
    if (summary.failure && (isIdle || summary.failure.retryAfter !== null)) throw summary.failure
  }

  const exports = { contacts: client.exportContacts, chats: client.exportChats }
  let failure: B2ChatError | undefined
  for (const entity of ENTITIES) {
    try {
      await read(entity, exports[entity])
    } catch (error) {
      // An export that keeps failing must not keep the other from being read.
      if (!(error instanceof B2ChatError)) throw error
      // A failure that waits for a person outweighs one that passes.
      if (!failure || (failure.isTransient && !error.isTransient)) failure = error
      if (error.retryAfter !== null) break
    }
  }
  return failure
}

/** Lands a page in slices. The cursor comes with the last one, so a run that ends between them reads the page again. */
async function land(stretch: Stretch<B2ChatSyncCrm>, page: ExportPage, counts: EntityProgress): Promise<void> {
  const { crm, run, channelAccountId } = stretch
  const cursor = page.isLast ? { ...page.cursor, readBy: run.run_id } : page.cursor
  const slices = Math.max(1, Math.ceil(page.records.length / MAX_LANDED))
  for (let slice = 0; slice < slices; slice += 1) {
    const { landed, unchanged } = await crm.landRawRecords({
      channelAccountId,
      entity: page.entity,
      records: page.records.slice(slice * MAX_LANDED, (slice + 1) * MAX_LANDED),
      rejected: slice === 0 ? page.rejected : [],
      resource: run.resource,
      runId: run.run_id,
      lockToken: run.token,
      ...(slice === slices - 1 ? { cursor } : {}),
    })
    counts.landed += landed
    counts.unchanged += unchanged
  }
  counts.pages += 1
  counts.records += page.records.length
  counts.rejected += page.rejected.length
}

/** Has pending records transformed until none is left (true) or the time is over. */
async function transformAll({ crm, run, clock, until }: Stretch<B2ChatSyncCrm>, progress: Progress): Promise<boolean> {
  for (const entity of ENTITIES) {
    for (let processed = 1; processed > 0; ) {
      if (clock.now() >= until) return false
      const call = { run: { runId: run.run_id, token: run.token } }
      const counts = await (entity === 'contacts' ? crm.transformRawContacts(call) : crm.transformRawChats(call))
      processed = counts.processed
      for (const outcome of ['created', 'updated', 'upgraded', 'skipped', 'failed'] as const) {
        progress[entity][outcome] += counts[outcome]
      }
    }
  }
  return true
}

/** The first day to read, `YYYY-MM-DD`. Without the setting, a late run still resumes where the last one stopped. */
function firstDay(settings: ExportSettings, now: number, cursor: ExportCursor | undefined): string {
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
