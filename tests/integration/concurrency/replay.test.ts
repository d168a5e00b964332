import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, countRows, createSandbox, freshId, given, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { inLanes, type Repeats, retried } from './retry.ts'

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 4 }, () => database.client()))
  // Who waits where nobody should is an error, and not a test that hangs.
  for (const connection of connections) await connection.query(`set lock_timeout = '10s'`)
})
afterAll(() => database.drop())

const counts = z.tuple([z.object({ replayed: z.number(), failed: z.number() })]).transform(([row]) => row)

async function replay(connection: pg.ClientBase, limit: number): Promise<z.infer<typeof counts>> {
  return counts.parse((await connection.query('select * from crm.replay_dead_letters($1)', [limit])).rows)
}

const letters = z.array(z.object({ status: z.string(), attempts: z.number(), count: z.number() }))

async function lettersOf(workspaceId: string): Promise<z.infer<typeof letters>> {
  const { rows } = await database.pool.query(
    `select status, attempts, count(*)::int from crm.dead_letters where workspace_id = $1 group by 1, 2 order by 1, 2`,
    [workspaceId],
  )
  return letters.parse(rows)
}

function said(person: number, message: number): InboundItem {
  const time = 1_763_700_000_000 + message
  return {
    participant: { identities: [{ kind: 'psid', value: `PSID-${person}` }] },
    events: [
      { type: 'message', direction: 'inbound', provider_message_id: `m${person}-${message}`, occurred_at: time },
    ],
  }
}

/** Never storable: the time is before any provider's. */
function broken(person: number): InboundItem {
  const item = said(person, 0)
  return { ...item, events: item.events.map((event) => ({ ...event, occurred_at: 0 })) }
}

/** A page that was not active when these items came, and is now. */
async function waiting(items: readonly InboundItem[]): Promise<{ workspaceId: string; account: Account }> {
  const { workspaceId, accounts } = await createSandbox(database.pool, [['messenger', freshId('PAGE')]])
  const account = given(accounts[0], 'account')
  const activate = (is: boolean) =>
    database.pool.query('update crm.channel_accounts set is_active = $2 where id = $1', [account.id, is])
  await activate(false)
  await ingestWebhook(database.pool, account, items)
  await activate(true)
  return { workspaceId, account }
}

test('I15: two replays at once take different dead letters, and neither waits for the other', async () => {
  const { workspaceId } = await waiting(Array.from({ length: 10 }, (_, person) => said(person, 1)))
  const [one, other] = [given(connections[0]), given(connections[1])]
  await one.query('begin')
  expect(await replay(one, 6)).toEqual({ replayed: 6, failed: 0 })
  expect(await replay(other, 10)).toEqual({ replayed: 4, failed: 0 })
  await one.query('commit')
  expect(await lettersOf(workspaceId)).toEqual([{ status: 'replayed', attempts: 1, count: 10 }])
  expect(await countRows(database.pool, workspaceId)).toEqual({
    contacts: 10,
    conversations: 10,
    messages: 10,
    events: 10,
  })
  await expectInvariants(database.pool)
})

test('I10, I15: what is delivered again while it is replayed is written once', async () => {
  for (const first of ['replay', 'delivery'] as const) {
    const { workspaceId, account } = await waiting([said(1, 1)])
    const deliver = (connection: pg.ClientBase) => ingestWebhook(connection, account, [said(1, 1)])
    const [one, other] = [given(connections[0]), given(connections[1])]
    if (first === 'replay') {
      const delivered = await interleaved(database.pool, one, other, (connection) => replay(connection, 10), deliver)
      expect(delivered).toEqual({ received: 1, duplicates: 1, failed: 0 })
    } else {
      const replayed = await interleaved(database.pool, one, other, deliver, (connection) => replay(connection, 10))
      expect(replayed).toEqual({ replayed: 1, failed: 0 })
    }
    expect(await lettersOf(workspaceId)).toEqual([{ status: 'replayed', attempts: 1, count: 1 }])
    expect(await countRows(database.pool, workspaceId)).toEqual({
      contacts: 1,
      conversations: 1,
      messages: 1,
      events: 1,
    })
  }
  await expectInvariants(database.pool)
})

test('I15: who keeps a dead letter does not wait for a replay that holds it', async () => {
  const { workspaceId, account } = await waiting([broken(1)])
  const [one, other] = [given(connections[0]), given(connections[1])]
  await other.query('begin')
  await ingestWebhook(other, account, [said(1, 1)])
  await one.query('begin')
  await one.query('select from crm.dead_letters where workspace_id = $1 for update', [workspaceId])
  // Were it to wait here, it would hold the person the replay needs next.
  await other.query(`set local lock_timeout = '2s'`)
  expect(await ingestWebhook(other, account, [broken(1)])).toEqual({ received: 1, duplicates: 0, failed: 1 })
  await other.query('commit')
  expect(await replay(one, 10)).toEqual({ replayed: 0, failed: 1 })
  await one.query('commit')
  expect(await lettersOf(workspaceId)).toEqual([{ status: 'open', attempts: 2, count: 1 }])
})

test('I10, I15: replays and deliveries of the same people, all at once, store everything once', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  const items = Array.from({ length: 60 }, (_, index) => said(index % 12, index))
  const { workspaceId, account } = await waiting([
    ...items,
    ...Array.from({ length: 12 }, (_, person) => broken(person)),
  ])
  const jobs = [
    ...items.map(
      (item, index) => (connection: pg.ClientBase) => ingestWebhook(connection, account, [item, broken(index % 12)]),
    ),
    ...Array.from({ length: 30 }, () => (connection: pg.ClientBase) => replay(connection, 7)),
  ].map((job, index) => ({ job, order: (index * 37) % 90 }))
  await inLanes(
    jobs.toSorted((a, b) => a.order - b.order),
    connections.length,
    ({ job }, lane) => retried<unknown>(() => job(given(connections[lane])), repeats),
  )
  const rows = await countRows(database.pool, workspaceId)
  expect(rows).toEqual({ contacts: 12, conversations: 12, messages: 60, events: 60 })
  const all = await lettersOf(workspaceId)
  expect(all.filter(({ status }) => status === 'replayed')).toEqual([{ status: 'replayed', attempts: 1, count: 60 }])
  expect(all.filter(({ status }) => status === 'open').reduce((sum, { count }) => sum + count, 0)).toBe(12)
  console.info(`Replays among deliveries: ${repeats.count} calls repeated`)
  await expectInvariants(database.pool)
})
