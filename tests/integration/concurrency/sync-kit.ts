/** Syncs of one page over connections of their own. */
import pg from 'pg'
import { z } from 'zod'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import type { TestDatabase } from '../../harness/database.ts'
import { type Account, createSandbox, freshId, given } from '../ingest/sandbox.ts'

type Connection = pg.Pool | pg.ClientBase

/** A page with a workspace of its own, and the resource that a sync of it is about. */
export interface Page {
  account: Account
  workspaceId: string
  resource: string
}

export async function createPage(database: TestDatabase): Promise<Page> {
  const { accounts, workspaceId } = await createSandbox(database.pool, [['messenger', freshId('PAGE')]])
  const account = given(accounts[0])
  return { account, workspaceId, resource: `messenger:${account.externalId}:conversations` }
}

const Started = z.tuple([
  z.object({
    run_id: z.string(),
    token: z.string(),
    cursor: z.object({ page: z.number().optional() }),
    resumed: z.boolean(),
    fencing: z.number(),
  }),
])
export type Started = z.infer<typeof Started>[0]

export async function start(connection: Connection, page: Page, holder: string, mode = 'full'): Promise<Started> {
  const { rows } = await connection.query(
    'select run_id, token, cursor, resumed, fencing_token::int as fencing from crm.start_sync($1, $2, $3, $4)',
    [page.account.id, page.resource, mode, holder],
  )
  return Started.parse(rows)[0]
}

/** An item with one new message of somebody new. */
export function itemOf(id: string): InboundItem {
  return {
    thread_id: `t-${id}`,
    participant: { identities: [{ kind: 'psid', value: `PSID-${id}` }] },
    events: [{ type: 'message', direction: 'inbound', provider_message_id: `m-${id}`, occurred_at: 1_763_700_000_000 }],
  }
}

const Committed = z.tuple([z.object({ created: z.number() })])

/** Commits an item as page `page` of a run, with something that was rejected; the cursor goes to the next page. */
export async function commit(
  connection: Connection,
  { run_id, token }: Started,
  page: number,
  id = `${run_id}-${page}`,
) {
  const { rows } = await connection.query('select created from crm.commit_sync_page($1, $2, $3, $4, 100, $5)', [
    run_id,
    token,
    JSON.stringify([itemOf(id)]),
    JSON.stringify({ page: page + 1, high_watermark: '2025-11-21T04:40:00Z' }),
    JSON.stringify([{ reason: 'malformed', path: '$', item: id }]),
  ])
  return Committed.parse(rows)[0].created
}

export async function finish(connection: Connection, { run_id, token }: Started, status: string, error?: string) {
  await connection.query('select crm.finish_sync($1, $2, $3, $4)', [run_id, token, status, error])
}

/** Ingests an item under the run's lock, without the run. */
export async function bulkUpsert(connection: Connection, page: Page, { token }: Started, items: InboundItem[]) {
  await connection.query('select * from crm.bulk_upsert_conversations_with_events($1, $2, $3)', [
    page.account.id,
    JSON.stringify(items),
    token,
  ])
}

/** Lets the page's lease be over. */
export async function expireLease(connection: Connection, { resource }: Page): Promise<void> {
  await connection.query(
    `update crm.sync_locks set expires_at = clock_timestamp() - interval '1 second' where resource = $1 and token is not null`,
    [resource],
  )
}

/** Whoever did it was refused with this code of docs/errors.md; otherwise its error is thrown. */
export async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === 'PT409' && error.detail !== undefined)
      return z.object({ code: z.string() }).parse(JSON.parse(error.detail)).code
    throw error
  }
  return undefined
}

const Names = z.array(z.object({ name: z.string() }))
const Content = z.tuple([z.object({ content: z.array(z.unknown()) })])

/** Every row of every table of schema crm, whole. */
export async function everything(pool: pg.Pool): Promise<Record<string, unknown[]>> {
  const tables = await pool.query(
    `select c.relname as name from pg_class c where c.relnamespace = 'crm'::regnamespace and c.relkind = 'r' order by 1`,
  )
  const contents: Record<string, unknown[]> = {}
  for (const { name } of Names.parse(tables.rows)) {
    const { rows } = await pool.query(
      `select coalesce(json_agg(to_jsonb(t) order by to_jsonb(t)), '[]') as content from crm.${pg.escapeIdentifier(name)} t`,
    )
    contents[name] = Content.parse(rows)[0].content
  }
  return contents
}

/** Resolves once the backend waits for a lock, or the call has ended. */
export async function untilItWaits(pool: pg.Pool, backend: number, call: Promise<unknown>): Promise<'waits' | 'ended'> {
  const ended = call.then(
    () => 'ended' as const,
    () => 'ended' as const,
  )
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type = 'Lock'`,
      [backend],
    )
    if (rowCount) return 'waits'
    if ((await Promise.race([ended, Promise.resolve('pending' as const)])) === 'ended') return 'ended'
  }
  throw new Error('It neither waits nor ends.')
}

const Backend = z.tuple([z.object({ pid: z.number() })])

/** The connection's process in the database. */
export async function backendOf(connection: pg.ClientBase): Promise<number> {
  return Backend.parse((await connection.query('select pg_backend_pid() as pid')).rows)[0].pid
}
