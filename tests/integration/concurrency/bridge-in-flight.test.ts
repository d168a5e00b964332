import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Identity, InboundEvent, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, createSandbox, freshId, given, ingestPage } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'

/** One person whom two conversations know by an id each, which nothing has joined yet. */
const number: Identity = { kind: 'wa_id', value: '573001112233' }
const userId: Identity = { kind: 'bsuid', scope: 'WABA1', value: 'CO.1' }
const AT = 1_763_700_000_000

let database: TestDatabase
let one: pg.Client
let other: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  one = await database.client()
  other = await database.client()
})
afterAll(() => database.drop())

async function newAccount(): Promise<{ workspaceId: string; account: Account }> {
  const sandbox = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
  return { workspaceId: sandbox.workspaceId, account: given(sandbox.accounts[0]) }
}

function item(identities: Identity[], ...events: InboundEvent[]): InboundItem {
  return { participant: { identities }, events }
}

function said(id: string, more: Record<string, unknown> = {}): InboundEvent {
  return { type: 'message', direction: 'inbound', provider_message_id: id, occurred_at: AT, ...more }
}

function status(id: string, value: 'delivered' | 'read'): InboundEvent {
  return { type: 'status', provider_message_id: id, status: value, occurred_at: AT + 1000 }
}

async function messages(workspaceId: string): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    'select provider_message_id as id, body, reply_to, status from crm.messages where workspace_id = $1 order by 1',
    [workspaceId],
  )
  return rows
}

test('I9 I15: what waits for a conversation that is being merged away is stored in the survivor', async () => {
  const { workspaceId, account } = await newAccount()
  await ingestPage(one, account, [item([number], said('m1'))])
  await ingestPage(one, account, [item([userId], said('m2'))])
  const outcome = await interleaved(
    database.pool,
    one,
    other,
    (connection) => ingestPage(connection, account, [item([number, userId], said('m3'))]),
    (connection) => ingestPage(connection, account, [item([userId], said('m4'), said('m5'))]),
  )
  expect(outcome).toMatchObject([{ conversation_id: expect.any(String), error: null }])
  expect((await messages(workspaceId)).length).toBe(5)
  await expectInvariants(database.pool)
})

test('I9: what a copy says of a conversation that is being merged away is told of the survivor', async () => {
  const { workspaceId, account } = await newAccount()
  await ingestPage(one, account, [item([number], said('m1'))])
  await ingestPage(one, account, [item([userId], said('m2'))])
  const updated_at = new Date(AT + 5000).toISOString()
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => ingestPage(connection, account, [item([number, userId])]),
    (connection) =>
      ingestPage(connection, account, [{ ...item([userId], said('m2', { reply_to: 'm1' })), updated_at }]),
  )
  const { rows } = await database.pool.query(
    'select source_updated_at from crm.conversations where workspace_id = $1',
    [workspaceId],
  )
  expect(rows).toEqual([{ source_updated_at: new Date(AT + 5000) }])
  expect(await messages(workspaceId)).toMatchObject([{ id: 'm1' }, { id: 'm2', reply_to: 'm1' }])
  await expectInvariants(database.pool)
})

test.each([0, 1])(
  'I11: a finer time through one conversation races a watermark of the other (order %i)',
  async (order) => {
    const { workspaceId, account } = await newAccount()
    const sent = (occurred_at: number) => said('o1', { direction: 'outbound', occurred_at })
    const readUpTo = (watermark: number): InboundEvent => ({ type: 'read', payload: { watermark } })
    await ingestPage(one, account, [item([number], sent(AT), readUpTo(AT + 300))])
    await ingestPage(one, account, [item([userId], said('m2'))])
    const calls = [
      (connection: pg.ClientBase) => ingestPage(connection, account, [item([userId], sent(AT + 700))]),
      (connection: pg.ClientBase) => ingestPage(connection, account, [item([number], readUpTo(AT + 1000))]),
    ]
    await interleaved(database.pool, one, other, given(calls[order]), given(calls[1 - order]))
    expect(await messages(workspaceId)).toMatchObject([{ id: 'm2' }, { id: 'o1', status: 'read' }])
  },
)

test('I11: a status through one conversation does not undo a higher one through the other', async () => {
  const { workspaceId, account } = await newAccount()
  await ingestPage(one, account, [item([number], said('o1', { direction: 'outbound' }))])
  await ingestPage(one, account, [item([userId], said('m2'))])
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => ingestPage(connection, account, [item([number], status('o1', 'read'))]),
    (connection) => ingestPage(connection, account, [item([userId], status('o1', 'delivered'))]),
  )
  expect(await messages(workspaceId)).toMatchObject([{ id: 'm2' }, { id: 'o1', status: 'read' }])
})

test('I9: copies of one message through two conversations add up', async () => {
  const { workspaceId, account } = await newAccount()
  await ingestPage(one, account, [item([number], said('m1', { text: 'a' }))])
  await ingestPage(one, account, [item([userId], said('m2'))])
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => ingestPage(connection, account, [item([number], said('m1', { text: 'much longer' }))]),
    (connection) => ingestPage(connection, account, [item([userId], said('m1', { reply_to: 'm0' }), said('m2'))]),
  )
  expect(await messages(workspaceId)).toMatchObject([{ id: 'm1', body: 'much longer', reply_to: 'm0' }, { id: 'm2' }])
})
