import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { type Repeats, retried } from './retry.ts'

const TIME = 1_763_700_000_000
const psid: Identity = { kind: 'psid', value: 'PSID-R' }
const wa: Identity = { kind: 'wa_id', value: '573001113355' }
const user: Identity = { kind: 'bsuid', scope: 'WABA1', value: 'CO.RACE' }

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 3 }, () => database.client()))
})
afterAll(() => database.drop())

const rowsSchema = z.array(z.object({ id: z.string(), status: z.string().nullable(), body: z.string().nullable() }))

async function messagesOf(workspaceId: string): Promise<z.infer<typeof rowsSchema>> {
  const { rows } = await database.pool.query(
    `select provider_message_id as id, status, body from crm.messages where workspace_id = $1 order by sent_at, 1`,
    [workspaceId],
  )
  return rowsSchema.parse(rows)
}

async function sandboxOf(channel: 'messenger' | 'whatsapp'): Promise<{ workspaceId: string; account: Account }> {
  const { workspaceId, accounts } = await createSandbox(database.pool, [[channel, freshId('ACCOUNT')]])
  return { workspaceId, account: given(accounts[0], 'account') }
}

function sent(id: string, identity: Identity, more: Record<string, unknown> = {}): InboundItem {
  const event = { type: 'message', direction: 'outbound', provider_message_id: id, occurred_at: TIME } as const
  return { participant: { identities: [identity] }, events: [{ ...event, ...more }] }
}

function status(id: string, identity: Identity, name: 'delivered' | 'read'): InboundItem {
  const event = { type: 'status', provider_message_id: id, status: name, occurred_at: TIME + 1000 } as const
  return { participant: { identities: [identity] }, events: [event] }
}

test('I11: a status that races its message 200 times is always applied', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  for (const [channel, identity] of [
    ['messenger', psid],
    ['whatsapp', wa],
  ] as const) {
    const { workspaceId, account } = await sandboxOf(channel)
    await ingestPage(database.pool, account, [{ participant: { identities: [identity] }, events: [] }])
    for (let race = 0; race < 100; race += 1) {
      const items = [sent(`m${race}`, identity), status(`m${race}`, identity, 'delivered')]
      const order = race % 2 === 0 ? items : items.toReversed()
      await Promise.all(
        order.map((item, lane) => retried(() => ingestWebhook(given(connections[lane]), account, [item]), repeats)),
      )
    }
    const messages = await messagesOf(workspaceId)
    expect(messages.length).toBe(100)
    expect(messages.filter((message) => message.status !== 'delivered')).toEqual([])
  }
  console.info(`Status against message: ${repeats.count} calls repeated`)
  await expectInvariants(database.pool)
})

test('I11: what two calls say of one message at once is all applied, though they know its person by different ids', async () => {
  const { workspaceId, account } = await sandboxOf('whatsapp')
  const edit: InboundItem = {
    participant: { identities: [user] },
    events: [
      { type: 'edit', provider_message_id: 'm1', occurred_at: TIME + 500, payload: { num_edit: 1, text: 'Corregido' } },
    ],
  }
  const copy = sent('m2', user, { text: 'Un texto más largo', attachments: [{ type: 'image' }] })
  await ingestWebhook(database.pool, account, [sent('m1', wa, { text: 'Hola' }), sent('m2', wa, { text: 'Hola' })])
  await ingestWebhook(database.pool, account, [{ participant: { identities: [user] }, events: [] }])
  const [one, other] = [given(connections[0]), given(connections[1])]
  await interleaved(
    database.pool,
    one,
    other,
    (first) => ingestWebhook(first, account, [edit]),
    (second) => ingestWebhook(second, account, [status('m1', wa, 'read')]),
  )
  await interleaved(
    database.pool,
    one,
    other,
    (first) => ingestWebhook(first, account, [status('m2', wa, 'read')]),
    (second) => ingestWebhook(second, account, [copy]),
  )
  // An edit that a richer copy races: the edit outranks it.
  await interleaved(
    database.pool,
    one,
    other,
    (first) =>
      ingestWebhook(first, account, [
        {
          participant: { identities: [wa] },
          events: [
            { type: 'edit', provider_message_id: 'm2', occurred_at: TIME, payload: { num_edit: 1, text: 'Editado' } },
          ],
        },
      ]),
    (second) => ingestWebhook(second, account, [sent('m2', user, { text: 'Un texto aún mucho más largo' })]),
  )
  expect(await messagesOf(workspaceId)).toEqual([
    { id: 'm1', status: 'read', body: 'Corregido' },
    { id: 'm2', status: 'read', body: 'Editado' },
  ])
  await ingestWebhook(database.pool, account, [{ participant: { identities: [wa, user] }, events: [] }])
  await expectInvariants(database.pool)
})

test('I11: a status and its message that never saw each other meet when their conversations are joined', async () => {
  const { workspaceId, account } = await sandboxOf('whatsapp')
  await ingestPage(database.pool, account, [
    { participant: { identities: [wa] }, events: [] },
    { participant: { identities: [user] }, events: [] },
  ])
  await interleaved(
    database.pool,
    given(connections[0]),
    given(connections[1]),
    (first) => ingestWebhook(first, account, [status('m1', user, 'read')]),
    (second) => ingestWebhook(second, account, [sent('m1', wa)]),
  )
  await ingestWebhook(database.pool, account, [{ participant: { identities: [wa, user] }, events: [] }])
  expect(await messagesOf(workspaceId)).toEqual([{ id: 'm1', status: 'read', body: null }])
  await expectInvariants(database.pool)
})

test('I9 I10: one message by webhook, by page and by a bare copy at once is stored once, with all that is known of it', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  const { workspaceId, account } = await sandboxOf('messenger')
  const said = { type: 'message', direction: 'inbound' } as const
  for (let race = 0; race < 60; race += 1) {
    const id = `m${String(race).padStart(2, '0')}`
    const at = TIME + race * 5000 + 321
    const webhook: InboundItem = {
      participant: { identities: [psid] },
      events: [{ ...said, provider_message_id: id, occurred_at: at, attachments: [{ type: 'image' }] }],
    }
    const page: InboundItem = {
      thread_id: 't_race',
      participant: { identities: [psid] },
      updated_at: toSecond(at),
      events: [{ ...said, provider_message_id: id, occurred_at: toSecond(at), text: `Texto ${id}`, reply_to: 'm_0' }],
    }
    const bare: InboundItem = { ...webhook, events: [{ ...said, provider_message_id: id, occurred_at: at }] }
    const calls = [webhook, page, bare]
    const turned = [...calls.slice(race % 3), ...calls.slice(0, race % 3)]
    await Promise.all(
      turned.map((item, lane) => retried(() => ingestPage(given(connections[lane]), account, [item]), repeats)),
    )
  }
  const { rows } = await database.pool.query(
    `select count(*)::int as messages, count(*) filter (where body = 'Texto ' || provider_message_id
        and attachments = '[{"type": "image"}]' and reply_to = 'm_0' and extract(milliseconds from sent_at)::int % 1000 = 321)::int as complete
      from crm.messages where workspace_id = $1`,
    [workspaceId],
  )
  expect(rows).toEqual([{ messages: 60, complete: 60 }])
  console.info(`One message by three ways: ${repeats.count} calls repeated`)
  await expectInvariants(database.pool)
})

function toSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+0000`
}
