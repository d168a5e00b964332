import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, countRows, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { type Repeats, retried } from './retry.ts'

const ROUNDS = 30

let database: TestDatabase
let connections: pg.Client[]
let page: Account
let number: Account
let workspaceId: string
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 6 }, () => database.client()))
  const sandbox = await createSandbox(database.pool, [
    ['messenger', freshId('PAGE')],
    ['whatsapp', freshId('NUMBER')],
  ])
  page = given(sandbox.accounts[0])
  number = given(sandbox.accounts[1])
  workspaceId = sandbox.workspaceId
})
afterAll(() => database.drop())

/** Somebody who writes on both accounts and whom nothing joins yet. */
function person(round: number) {
  const psid: Identity = { kind: 'psid', value: `PSID-${round}` }
  const wa: Identity = { kind: 'wa_id', value: `5730012${String(round).padStart(5, '0')}` }
  const mail: Identity = { kind: 'email', value: `p${round}@example.com` }
  const said = (id: string, identities: Identity[], full_name?: string): InboundItem => ({
    participant: { identities, ...(full_name === undefined ? {} : { full_name }) },
    events: [
      { type: 'message', direction: 'inbound', provider_message_id: `${round}-${id}`, occurred_at: 1_763_700_000_000 },
    ],
  })
  return { psid, wa, mail, said }
}

test('I6 I8: contacts that merge while messages come leave nothing on the one that was merged away', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { psid, wa, mail, said } = person(round)
    await ingestWebhook(database.pool, page, [said('first', [psid, mail])])
    await ingestWebhook(database.pool, number, [said('first', [wa])])
    const calls: [Account, InboundItem][] = [
      [number, said('bridge', [wa, mail])],
      [page, said('a', [psid])],
      [number, said('a', [wa])],
      [number, said('b', [wa], 'Ana')],
      [page, said('b', [psid], 'Ana R.')],
      [number, said('c', [wa])],
    ]
    await Promise.all(
      calls.map(([account, item], lane) =>
        retried(() => ingestWebhook(given(connections[lane]), account, [item]), repeats),
      ),
    )
  }
  console.info(`Merging under messages: ${ROUNDS} merges, ${repeats.count} calls repeated, ${repeats.most} the most`)
  expect(await countRows(database.pool, workspaceId)).toEqual({
    contacts: ROUNDS,
    conversations: 2 * ROUNDS,
    messages: 8 * ROUNDS,
    events: 8 * ROUNDS,
  })
  await expectInvariants(database.pool)
})

const contactSchema = z.tuple([z.object({ survivor: z.string(), duplicate: z.string() })])

/** Merges the two contacts without a delivery, as a decision does. */
async function mergeDirectly(connection: pg.ClientBase, one: Identity, other: Identity): Promise<void> {
  const { rows } = await connection.query(
    `select one.contact_id as survivor, other.contact_id as duplicate
      from crm.contact_identities one join crm.contact_identities other using (workspace_id)
      where workspace_id = $1 and one.value = $2 and other.value = $3`,
    [workspaceId, one.value, other.value],
  )
  const [{ survivor, duplicate }] = contactSchema.parse(rows)
  await connection.query(`select crm_private.apply_contact_merge($1, $2, $3, 'decided', 'a person')`, [
    workspaceId,
    survivor,
    duplicate,
  ])
}

const LATE = ['a message', 'a message with a name', 'a new conversation'] as const
const ORDERS = LATE.flatMap((late) =>
  ['by a bridge', 'directly'].flatMap((way) => [true, false].map((mergeIsFirst) => ({ late, way, mergeIsFirst }))),
)

test.each(ORDERS)(
  'I6: $late in the middle of a merge $way (the merge first: $mergeIsFirst) ends at the survivor',
  async ({ late, way, mergeIsFirst }) => {
    const { psid, wa, mail, said } = person(
      1000 + ORDERS.findIndex((o) => o.late === late && o.way === way && o.mergeIsFirst === mergeIsFirst),
    )
    await ingestPage(database.pool, page, [said('first', [psid, mail])])
    if (late === 'a new conversation') {
      // A contact without a conversation on the number, for whom the next call opens one.
      await database.pool.query(`select crm.upsert_contact($1, 'chat_embedded', $2)`, [
        workspaceId,
        JSON.stringify({ identities: [wa] }),
      ])
    } else await ingestPage(database.pool, number, [said('first', [wa])])
    const merge = async (connection: pg.ClientBase) => {
      if (way === 'directly') await mergeDirectly(connection, psid, wa)
      else await ingestPage(connection, page, [said('bridge', [psid, mail, wa])])
    }
    const message = async (connection: pg.ClientBase) => {
      await ingestPage(connection, number, [said('late', [wa], late === 'a message with a name' ? 'Ana' : undefined)])
    }
    const [first, second] = mergeIsFirst ? [merge, message] : [message, merge]
    await interleaved(database.pool, given(connections[0]), given(connections[1]), first, second)
    await expectInvariants(database.pool)
  },
)
