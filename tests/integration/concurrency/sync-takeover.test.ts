import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { given } from '../ingest/sandbox.ts'
import {
  backendOf,
  bulkUpsert,
  commit,
  createPage,
  everything,
  expireLease,
  finish,
  itemOf,
  type Page,
  refusal,
  type Started,
  start,
  untilItWaits,
} from './sync-kit.ts'

let database: TestDatabase
let one: pg.Client
let other: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  one = await database.client()
  other = await database.client()
})
afterAll(() => database?.drop())

/** What happens to a lease while its holder sleeps between two pages. */
const WAYS: Record<string, (page: Page) => Promise<unknown>> = {
  'is over': (page) => expireLease(database.pool, page),
  'is over and cleaned up': async (page) => {
    await expireLease(database.pool, page)
    await database.pool.query('select crm.cleanup_expired_locks()')
  },
  'was taken over': async (page) => {
    await expireLease(database.pool, page)
    await start(other, page, 'second')
  },
  'was taken over, and the run went on': async (page) => {
    await expireLease(database.pool, page)
    await commit(other, await start(other, page, 'second'), 1)
  },
  'was taken over, and the run is completed': async (page) => {
    await expireLease(database.pool, page)
    await finish(other, await start(other, page, 'second'), 'completed')
  },
  'was taken over, and another run has begun': async (page) => {
    await expireLease(database.pool, page)
    await finish(other, await start(other, page, 'second'), 'failed', 'reconnect')
    await start(other, page, 'third')
  },
  'was taken for other work': async (page) => {
    await expireLease(database.pool, page)
    await other.query('select crm.acquire_sync_lock($1, $2)', [page.resource, 'somebody'])
  },
}

test.each(Object.keys(WAYS))('I13: a holder that wakes up when its lease %s writes nothing', async (way) => {
  const page = await createPage(database)
  const stale = await start(one, page, 'first')
  await commit(one, stale, 0)
  await WAYS[way]?.(page)
  const before = await everything(database.pool)

  expect(await refusal(commit(one, stale, 1, 'late'))).toBe('lock_lost')
  expect(await refusal(finish(one, stale, 'completed'))).toBe('lock_lost')
  expect(await refusal(finish(one, stale, 'paused'))).toBe('lock_lost')
  expect(await refusal(finish(one, stale, 'failed', 'late'))).toBe('lock_lost')
  // A new message of somebody known, of two of them, and one of somebody new: each has its own way in.
  const known = (id: string): InboundItem => ({
    participant: { identities: [{ kind: 'psid', value: `PSID-${stale.run_id}-0` }] },
    events: itemOf(id).events,
  })
  expect(await refusal(bulkUpsert(one, page, stale, [known('late 1')]))).toBe('lock_lost')
  expect(await refusal(bulkUpsert(one, page, stale, [known('late 2'), known('late 3')]))).toBe('lock_lost')
  expect(await refusal(bulkUpsert(one, page, stale, [itemOf('late 4')]))).toBe('lock_lost')

  expect(await everything(database.pool)).toEqual(before)
})

/** A write under the lock that stays open, and where the run goes on after it. */
const WRITES: Record<
  string,
  { write: (run: Started, page: Page) => Promise<unknown>; messages: number; next: number }
> = {
  'a page is being committed': { write: (run) => commit(one, run, 1, 'open'), messages: 2, next: 2 },
  'items are being ingested': {
    write: (run, page) => bulkUpsert(one, page, run, [itemOf('open')]),
    messages: 2,
    next: 1,
  },
  'the run is being paused': { write: (run) => finish(one, run, 'paused'), messages: 1, next: 1 },
}
const ENDS = ['it is committed', 'its lease ends and it is committed', 'it is rolled back'] as const
const CASES = Object.keys(WRITES).flatMap((writing) => ENDS.map((end) => ({ writing, end })))

test.each(CASES)('I13: while $writing, who would take over waits until $end', async ({ writing, end }) => {
  const page = await createPage(database)
  const run = await start(one, page, 'first')
  await commit(one, run, 0)
  const { write, messages, next } = given(WRITES[writing])
  // For the others the lease is over: what keeps them out is the writer's hold on the lock alone.
  await expireLease(database.pool, page)
  const backend = await backendOf(other)
  await one.query('begin')
  await one.query(
    `update crm.sync_locks set expires_at = clock_timestamp() + interval '5 minutes' where resource = $1`,
    [page.resource],
  )
  await write(run, page)
  const taken: Started[] = []
  const takeover = refusal(start(other, page, 'second').then((started) => taken.push(started)))
  expect(await untilItWaits(database.pool, backend, takeover)).toBe('waits')
  expect(await messagesOf(page)).toBe(1)

  if (end === 'its lease ends and it is committed') await expireLease(one, page)
  await one.query(end === 'it is rolled back' ? 'rollback' : 'commit')
  const wasKept = end !== 'it is rolled back'
  if (end === 'it is committed' && writing !== 'the run is being paused') {
    expect(await takeover).toBe('lock_held')
    expect(taken).toEqual([])
  } else {
    expect(await takeover).toBeUndefined()
    expect(taken).toMatchObject([{ run_id: run.run_id, resumed: true, cursor: { page: wasKept ? next : 1 } }])
    expect(await refusal(commit(one, run, 1, 'late'))).toBe('lock_lost')
  }
  expect(await messagesOf(page)).toBe(wasKept ? messages : 1)
})

async function messagesOf(page: Page): Promise<number> {
  const { rowCount } = await database.pool.query('select from crm.messages where workspace_id = $1', [page.workspaceId])
  return rowCount ?? 0
}

test.each(Object.keys(WRITES))('I13: while %s, the lock itself is not given to anybody', async (writing) => {
  const page = await createPage(database)
  const run = await start(one, page, 'first')
  const backend = await backendOf(other)
  await one.query('begin')
  await given(WRITES[writing]).write(run, page)
  const attempt = other.query('select acquired from crm.acquire_sync_lock($1, $2)', [page.resource, 'somebody'])
  expect(await untilItWaits(database.pool, backend, attempt)).toBe('waits')
  await one.query('commit')
  expect((await attempt).rows).toEqual([{ acquired: writing === 'the run is being paused' }])
})

test('I13: a lock that is held is seen to be held at once, also while its holder commits a page', async () => {
  const page = await createPage(database)
  const run = await start(one, page, 'first')
  await one.query('begin')
  await commit(one, run, 0)
  expect(await refusal(start(other, page, 'second'))).toBe('lock_held')
  await one.query('commit')
  await finish(one, run, 'completed')
})
