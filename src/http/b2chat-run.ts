/** One run of a B2Chat sync under its lock: read pages, store them, and have the database transform what is stored. */
import { z } from 'zod'
import { type B2ChatClient, type B2ChatExport, type ExportOptions, storePages } from '../channels/b2chat/client.ts'
import { ExportCursor } from '../channels/b2chat/cursor.ts'
import { addDays, dayIn } from '../channels/b2chat/day-windows.ts'
import { B2ChatError } from '../channels/b2chat/errors.ts'
import type { ExportPage } from '../channels/b2chat/walk.ts'
import type { Clock } from '../channels/clock.ts'
import type { CrmClient } from '../crm/client.ts'
import type { RawEntity, TransformCounts } from '../crm/rpc-types.ts'
import type { SyncLock } from './sync-lock.ts'

/** The most records one call of `land_raw_records` takes. */
const MAX_LANDED = 500
/** The part of the budget after which no more pages are read, so that what is stored also gets transformed. */
const READING_PART = 0.6
/** How many days back the first run begins, unless the account's settings say from when. */
const FIRST_DAYS = 30

export interface RunOptions {
  channelAccountId: string
  workspaceId: string
  settings: { sync_from?: string | undefined; time_zone: string }
  crm: CrmClient
  client: B2ChatClient
  lock: SyncLock
  clock: Clock
  /** Milliseconds. */
  budget: number
  /** After so many records no further page is read. */
  maxRecords: number
}

/** What a run did for one export; `unsettled` are the days of which rows may be missing, because they moved while they were read. */
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

/** Stored cursors; one of another form is none, and the export is read from its first day again. */
const StoredCursors = z
  .object({ contacts: ExportCursor.optional().catch(undefined), chats: ExportCursor.optional().catch(undefined) })
  .nullable()

export async function runB2ChatSync(options: RunOptions): Promise<RunResult> {
  const { crm, client, lock, clock, budget, workspaceId } = options
  const started = clock.now()
  const result: RunResult = { hasMore: false, contacts: noProgress(), chats: noProgress(), failure: undefined }
  const cursors = StoredCursors.parse(await crm.syncCursor({ workspaceId, resource: lock.resource }))
  const enough = new AbortController()
  let records = 0

  async function read(entity: RawEntity, start: (run: ExportOptions) => B2ChatExport): Promise<void> {
    const cursor = cursors?.[entity]
    const progress = result[entity]
    const run = {
      from: firstDay(options.settings, clock.now(), cursor),
      cursor,
      timeZone: options.settings.time_zone,
      until: started + budget * READING_PART,
      signal: enough.signal,
    }
    const summary = await storePages(start(run), async (page) => {
      await land(options, page, progress)
      records += page.records.length
      if (records >= options.maxRecords) enough.abort()
    })
    progress.done = summary.done
    progress.unsettled = summary.unsettled.map(({ window }) => window)
  }

  const exports = { contacts: client.exportContacts, chats: client.exportChats }
  for (const entity of ['contacts', 'chats'] as const) {
    try {
      await read(entity, exports[entity])
    } catch (error) {
      // One export that keeps failing must not keep the other from being read.
      if (!(error instanceof B2ChatError)) throw error
      result.failure ??= error
    }
  }

  const isDrained = await transformAll(options, result, started + budget)
  result.hasMore = !result.contacts.done || !result.chats.done || !isDrained
  return result
}

/** Stores a page in slices. The cursor goes with the last one, so a run that ends between them reads the page again. */
async function land(options: RunOptions, page: ExportPage, progress: EntityProgress): Promise<void> {
  const { crm, lock, channelAccountId } = options
  const slices = Math.max(1, Math.ceil(page.records.length / MAX_LANDED))
  for (let slice = 0; slice < slices; slice += 1) {
    await lock.keep()
    const counts = await crm.landRawRecords({
      channelAccountId,
      entity: page.entity,
      records: page.records.slice(slice * MAX_LANDED, (slice + 1) * MAX_LANDED),
      rejected: slice === 0 ? page.rejected : [],
      resource: lock.resource,
      lockToken: lock.token,
      ...(slice === slices - 1 ? { cursor: page.cursor } : {}),
    })
    progress.landed += counts.landed
    progress.unchanged += counts.unchanged
  }
  progress.pages += 1
  progress.records += page.records.length
  progress.rejected += page.rejected.length
}

/** Has pending records transformed until none is left (true) or the time is over. Contacts first: chats then find them. */
async function transformAll({ crm, lock, clock }: RunOptions, result: RunResult, until: number): Promise<boolean> {
  for (const entity of ['contacts', 'chats'] as const) {
    for (let processed = 1; processed > 0; ) {
      if (clock.now() >= until) return false
      await lock.keep()
      const counts = entity === 'contacts' ? await crm.transformRawContacts() : await crm.transformRawChats()
      processed = counts.processed
      const progress = result[entity]
      for (const outcome of ['created', 'updated', 'upgraded', 'skipped', 'failed'] as const) {
        progress[outcome] += counts[outcome]
      }
    }
  }
  return true
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
