/** The demo of a whole-page sync: its function is killed midway, its lock freed, the run resumed and compared with the page. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { z } from 'zod'
import type { Stack } from '../local/stack.ts'
import { demoClient } from './demo.ts'
import type { DemoPage } from './page.ts'

export const PAGE_WORKSPACE = 'demo-page'

/** How often the database is asked how far the sync is. */
const LOOK_MS = 50
/** How long it is left alone after it has said that it cannot work now. */
const UNAVAILABLE_MS = 500
/** How often the function is called at most: each call works for up to 100 seconds. */
const MOST_CALLS = 20

/** A row of crm.active_syncs. */
const lookSchema = z.object({
  status: z.string(),
  holder: z.string(),
  pages: z.number(),
  items: z.number(),
  total: z.number().nullable(),
  progress: z.number().nullable(),
  leaseLeft: z.string().nullable(),
})
type Look = z.infer<typeof lookSchema>

const runSchema = z.object({
  mode: z.string(),
  status: z.string(),
  pages: z.number(),
  items: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  failed: z.number(),
  rejected: z.number(),
  resumed: z.boolean(),
})

const statisticSchema = z.object({
  day: z.string(),
  runs: z.number(),
  completed: z.number(),
  failed: z.number(),
  rate: z.number().nullable(),
  averageDuration: z.string().nullable(),
  items: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
})

export interface SyncShown {
  /** What crm.active_syncs said at these moments. */
  looks: (Look & { when: string })[]
  /** The newest run. */
  run: z.infer<typeof runSchema>
  statistics: z.infer<typeof statisticSchema>[]
  stored: { conversations: number; contacts: number; messages: number }
  /** Where the database differs from the page; empty when all of it is there, once. */
  problems: string[]
}

export interface SyncDemoEvents {
  onProgress(items: number, total: number): void
  /** Something that happened besides, in a sentence. */
  onEvent(text: string): void
}

/**
 * Syncs the page. The first time its function's process is killed in the middle, the lock that it leaves behind is given back
 * as an operator would, and the process is started again; later runs find nothing new. Throws when a call fails otherwise.
 */
export async function syncDemoPage(stack: Stack, page: DemoPage, events: SyncDemoEvents): Promise<SyncShown> {
  const { functions } = stack
  if (!functions) throw new Error('Only the functions of a local stack can be killed.')
  const crm = demoClient(stack)
  const workspaceId = await crm.createWorkspace({ slug: PAGE_WORKSPACE, name: 'Whole page', defaultCountry: 'CO' })
  const channelAccountId = await crm.connectChannel({
    workspaceId,
    channel: 'messenger',
    externalId: page.pageId,
    displayName: 'Page with a history',
  })
  const client = new pg.Client({ connectionString: stack.dbUrl })
  await client.connect()
  const database = new PageDatabase(client, workspaceId)
  const looks: SyncShown['looks'] = []
  const look = async (when: string): Promise<void> => {
    const seen = await database.look()
    if (seen) looks.push({ ...seen, when })
  }
  try {
    await database.freeLock()
    if (!(await database.wasCompleted())) {
      const hold = page.holdAt(page.threads.size / 2)
      const ended = callFunction(stack, channelAccountId)
      const middle = await following(Promise.race([hold.reached.then(() => true), ended.then(() => false)]))
      if (middle) {
        await look('before the kill')
        const pid = await functions.kill()
        await ended
        await look('after it')
        events.onEvent(
          `Killed the function midway (SIGKILL, process ${pid}). The database finishes a commit under way, or leaves no trace of it.`,
        )
        await database.freeLock()
        await look('lock freed')
        await functions.start()
        events.onEvent(
          'Freed its lock, which would have ended by itself within 5 minutes, and started the function again.',
        )
      }
      hold.release()
    }
    await following(syncToTheEnd(stack, channelAccountId))
    const stored = await database.messagesByThread()
    const counts = await database.counts()
    const run = await database.run()
    const problems = differences(page, stored, counts, run)
    return { looks, run, statistics: await database.statistics(), stored: counts, problems }
  } finally {
    await client.end()
  }

  /** Tells how far the sync is until the work is done. */
  async function following<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const settled = work.finally(() => {
      isDone = true
    })
    settled.catch(() => {}) // It is awaited below, once the last look is over.
    let resumed = looks.length === 0
    while (!isDone) {
      const seen = await database.look()
      if (seen?.total) events.onProgress(seen.items, seen.total)
      if (!resumed && seen?.leaseLeft) {
        looks.push({ ...seen, when: 'resumed' })
        resumed = true
      }
      await Promise.race([settled.catch(() => {}), wait(LOOK_MS)])
    }
    return settled
  }
}

const answerSchema = z.object({ hasMore: z.boolean(), resumeSession: z.string(), resumeAt: z.string().nullable() })

async function callFunction(stack: Stack, channelAccountId: string, resumeSession?: string): Promise<Response> {
  return fetch(`${stack.url}/functions/v1/conversation-sync`, {
    method: 'POST',
    headers: { apikey: stack.secretKey, 'content-type': 'application/json' },
    body: JSON.stringify({ channelAccountId, ...(resumeSession ? { resumeSession } : {}) }),
  })
}

/** Calls the function until the run is complete, or must wait: then it stays paused. */
async function syncToTheEnd(stack: Stack, channelAccountId: string): Promise<void> {
  let session: string | undefined
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    const response = await callFunction(stack, channelAccountId, session)
    const text = await response.text()
    if (response.status === 503) {
      // A machine with much other work: nothing is lost, and the next call resumes the run.
      await wait(UNAVAILABLE_MS)
      continue
    }
    if (!response.ok) throw new Error(`conversation-sync answered ${response.status}: ${text}`)
    const answer = answerSchema.parse(JSON.parse(text))
    if (!answer.hasMore || answer.resumeAt !== null) return
    session = answer.resumeSession
  }
  throw new Error(`conversation-sync was not done after ${MOST_CALLS} calls.`)
}

function differences(
  page: DemoPage,
  stored: ReadonlyMap<string, number>,
  counts: SyncShown['stored'],
  run: SyncShown['run'],
): string[] {
  const { size } = page.threads
  const problems: string[] = []
  const wrong = [...page.threads].filter(([thread, messages]) => stored.get(thread) !== messages)
  if (wrong.length > 0) problems.push(`${wrong.length} conversations are not there with all of their messages`)
  if (counts.conversations !== size) problems.push(`${counts.conversations} conversations are stored, not ${size}`)
  if (counts.contacts !== size) problems.push(`${counts.contacts} contacts are stored, not ${size}`)
  if (run.status !== 'completed') problems.push(`the run is ${run.status}`)
  const written = run.created + run.updated
  if (run.mode === 'incremental' && written > 0) problems.push(`${written} conversations were written again`)
  return problems
}

/** What the demo asks of the database, as somebody would in the SQL editor. The page is all there is in its workspace. */
class PageDatabase {
  readonly #client: pg.Client
  readonly #workspaceId: string

  constructor(client: pg.Client, workspaceId: string) {
    this.#client = client
    this.#workspaceId = workspaceId
  }

  async look(): Promise<Look | undefined> {
    const [row] = await this.#rows(
      lookSchema,
      `select status, holder, pages, items, total_estimate as total, progress::float8, date_trunc('second', lease_left)::text as "leaseLeft"
       from crm.active_syncs where workspace_id = $1`,
    )
    return row
  }

  /** What docs/operations.md says to do when the holder is known to be gone. */
  async freeLock(): Promise<void> {
    await this.#client.query(
      'select crm.release_sync_lock(l.resource, l.token) from crm.sync_locks l where l.workspace_id = $1 and l.token is not null',
      [this.#workspaceId],
    )
  }

  async wasCompleted(): Promise<boolean> {
    const rows = await this.#rows(
      z.object({ status: z.string() }),
      `select status from crm.sync_runs where workspace_id = $1 and status = 'completed'`,
    )
    return rows.length > 0
  }

  /** How many messages each thread has. A thread of two conversations is in there with those of both, or of neither. */
  async messagesByThread(): Promise<Map<string, number>> {
    const rows = await this.#rows(
      z.object({ thread: z.string(), messages: z.number() }),
      `select k.value as thread, count(m.id)::int as messages
       from crm.conversation_keys k
       left join crm.messages m on m.workspace_id = k.workspace_id and m.conversation_id = k.conversation_id
       where k.workspace_id = $1 and k.kind = 'thread'
       group by k.value`,
    )
    return new Map(rows.map(({ thread, messages }) => [thread, messages]))
  }

  async counts(): Promise<SyncShown['stored']> {
    const [row] = await this.#rows(
      z.object({ conversations: z.number(), contacts: z.number(), messages: z.number() }),
      'select conversations::int, contacts::int, messages::int from crm.channel_overview where workspace_id = $1',
    )
    if (!row) throw new Error('The page is not connected.')
    return row
  }

  async run(): Promise<SyncShown['run']> {
    const [row] = await this.#rows(
      runSchema,
      `select mode, status, pages, items, created, updated, unchanged, failed, rejected, resumed_at is not null as resumed
       from crm.sync_runs where workspace_id = $1 order by started_at desc limit 1`,
    )
    if (!row) throw new Error('There is no run.')
    return row
  }

  statistics(): Promise<SyncShown['statistics']> {
    return this.#rows(
      statisticSchema,
      `select day::text, runs::int, completed::int, failed::int, completion_rate::float8 as rate, avg_duration::text as "averageDuration",
         items::int, created::int, updated::int, unchanged::int
       from crm.sync_statistics where workspace_id = $1 order by day desc limit 7`,
    )
  }

  async #rows<T>(schema: z.ZodType<T>, sql: string): Promise<T[]> {
    const { rows } = await this.#client.query(sql, [this.#workspaceId])
    return z.array(schema).parse(rows)
  }
}
