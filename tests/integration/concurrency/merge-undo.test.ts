import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, countRows, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from './retry.ts'

const LANES = 8
const GROUPS = 12
const ROUNDS = 8
const AT = 1_763_700_000_000

let database: TestDatabase
let connections: pg.Client[]
let page: Account
let number: Account
let workspaceId: string
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: LANES }, () => database.client()))
  const sandbox = await createSandbox(database.pool, [
    ['messenger', freshId('PAGE')],
    ['whatsapp', freshId('NUMBER')],
  ])
  page = given(sandbox.accounts[0])
  number = given(sandbox.accounts[1])
  workspaceId = sandbox.workspaceId
})
afterAll(() => database.drop())

/** A person who writes on one of the accounts under one id. */
interface Person {
  account: Account
  id: Identity
  mail: Identity
}

/** Three people of whom somebody thinks now that they are one, now that they are not. Two share an address now and then. */
function group(place: number): Person[] {
  const mail: Identity = { kind: 'email', value: `g${place}@example.com` }
  return [
    { account: page, id: { kind: 'psid', value: `PSID-${place}` }, mail },
    { account: page, id: { kind: 'psid', value: `OTHER-${place}` }, mail },
    { account: number, id: { kind: 'wa_id', value: `57300${String(place).padStart(7, '0')}` }, mail },
  ]
}

let messages = 0
function said(identities: Identity[], full_name?: string): InboundItem {
  messages += 1
  return {
    participant: { identities, ...(full_name === undefined ? {} : { full_name }) },
    events: [
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: `m-${messages}`,
        occurred_at: AT + messages,
      },
    ],
  }
}

/** What a decision may be answered with when another came before it. */
const OVERTAKEN = new Set(['PT400', 'PT409'])

async function decided(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return true
  } catch (error) {
    if (error instanceof pg.DatabaseError && OVERTAKEN.has(error.code ?? '')) return false
    throw error
  }
}

const ids = z.array(z.object({ id: z.string() })).transform((rows) => rows.map(({ id }) => id))

async function contactOf(connection: pg.ClientBase | pg.Pool, identity: Identity): Promise<string> {
  const { rows } = await connection.query(
    'select contact_id as id from crm.contact_identities where workspace_id = $1 and kind = $2 and value = $3',
    [workspaceId, identity.kind, identity.value],
  )
  return given(ids.parse(rows)[0], identity.value)
}

async function merge(connection: pg.ClientBase, survivor: Identity, duplicate: Identity): Promise<void> {
  await connection.query(`select crm.merge_contacts($1, $2, 'one person')`, [
    await contactOf(connection, survivor),
    await contactOf(connection, duplicate),
  ])
}

/** The merges that stand, the last one first. */
async function standing(connection: pg.ClientBase | pg.Pool): Promise<string[]> {
  const { rows } = await connection.query(
    'select id from crm.contact_merges where workspace_id = $1 and undone_at is null order by merged_at desc, id desc',
    [workspaceId],
  )
  return ids.parse(rows)
}

function unmerge(connection: pg.ClientBase | pg.Pool, mergeId: string): Promise<unknown> {
  return connection.query('select crm.unmerge_contacts($1)', [mergeId])
}

/** Whose contact each conversation is of, as the persons see it. */
async function expectOwnConversations(people: readonly Person[]): Promise<void> {
  const { rows } = await database.pool.query(
    `select k.value, i.contact_id = v.contact_id as own
      from crm.conversation_keys k
      join crm.conversations v on v.workspace_id = k.workspace_id and v.id = k.conversation_id
      join crm.contact_identities i on i.workspace_id = k.workspace_id and i.kind || ':' || i.value = k.value
      where k.workspace_id = $1 order by 1`,
    [workspaceId],
  )
  expect(rows).toEqual(
    people
      .map(({ id }) => ({ value: `${id.kind}:${id.value}`, own: true }))
      .sort((a, b) => (a.value < b.value ? -1 : 1)),
  )
}

test('I1 I6 I7: merges and undos that race deliveries lose nothing and leave everybody whole', async () => {
  const random = randomNumbers(20_250_115)
  const pick = <T>(list: readonly T[]): T => given(list[Math.floor(random() * list.length)])
  const groups = Array.from({ length: GROUPS }, (_, place) => group(place))
  const people = groups.flat()
  for (const { account, id } of people) await ingestWebhook(database.pool, account, [said([id])])

  const repeats: Repeats = { count: 0, most: 0 }
  const counts = { merged: 0, undone: 0, overtaken: 0 }
  const count = (kind: 'merged' | 'undone', happened: boolean) => {
    counts[happened ? kind : 'overtaken'] += 1
  }
  type Job = (connection: pg.Client) => Promise<unknown>
  const jobs = groups.flatMap((persons) =>
    Array.from({ length: ROUNDS }, (): Job[] => {
      const [one, other] = shuffled(persons, random)
      const writer = pick(persons)
      const named = pick(persons)
      const items = {
        plain: said([writer.id]),
        named: said([named.id], `N${Math.floor(random() * 4)}`),
        bridge: said([writer.id, writer.mail]),
      }
      return [
        (connection) => ingestWebhook(connection, writer.account, [items.plain]),
        (connection) => ingestWebhook(connection, named.account, [items.named]),
        (connection) => ingestPage(connection, writer.account, [items.bridge]),
        async (connection) => count('merged', await decided(() => merge(connection, given(one).id, given(other).id))),
        async (connection) => {
          const live = await standing(connection)
          if (live.length) count('undone', await decided(() => unmerge(connection, pick(live))))
        },
      ]
    }).flat(),
  )
  await inLanes(shuffled(jobs, random), LANES, (job, lane) => retried(() => job(given(connections[lane])), repeats))
  console.info(
    `Merges and undos under ${messages} messages: ${counts.merged} merged, ${counts.undone} undone, ${counts.overtaken} overtaken, ` +
      `${repeats.count} calls repeated, ${repeats.most} the most`,
  )
  expect(counts.merged).toBeGreaterThan(GROUPS)
  expect(counts.undone).toBeGreaterThan(GROUPS)
  await expectInvariants(database.pool)
  const live = await standing(database.pool)
  expect(await countRows(database.pool, workspaceId)).toEqual({
    contacts: people.length - live.length,
    conversations: people.length,
    messages,
    events: messages,
  })
  await expectOwnConversations(people)

  // What still stands is undone, the last one first: everybody is one person again.
  for (const mergeId of live) await unmerge(database.pool, mergeId)
  await expectInvariants(database.pool)
  await expectOwnConversations(people)
  const contacts = await Promise.all(people.map(({ id }) => contactOf(database.pool, id)))
  expect(new Set(contacts).size).toBe(people.length)
  expect((await countRows(database.pool, workspaceId)).contacts).toBe(people.length)
})

const LATE = ['a message', 'a message with a name', 'a new conversation', 'another id'] as const
const ORDERS = LATE.flatMap((late) => [true, false].map((undoIsFirst) => ({ late, undoIsFirst })))

test.each(ORDERS)(
  'I6 I7: $late in the middle of an undo (the undo first: $undoIsFirst) is at the contact whose it is',
  async ({ late, undoIsFirst }) => {
    const place = 1000 + ORDERS.findIndex((order) => order.late === late && order.undoIsFirst === undoIsFirst)
    const [survivor, , duplicate] = group(place)
    const { account, id } = given(duplicate)
    await ingestPage(database.pool, page, [said([given(survivor).id])])
    if (late === 'a new conversation') {
      await database.pool.query(`select crm.upsert_contact($1, 'chat_embedded', $2)`, [
        workspaceId,
        JSON.stringify({ identities: [id] }),
      ])
    } else await ingestPage(database.pool, account, [said([id])])
    await merge(given(connections[0]), given(survivor).id, id)
    const [mergeId] = await standing(database.pool)
    const more: Identity = { kind: 'bsuid', scope: 'WABA', value: `B-${place}` }
    const undo = (connection: pg.ClientBase) => unmerge(connection, given(mergeId))
    const deliver = (connection: pg.ClientBase) =>
      ingestWebhook(connection, account, [
        said(late === 'another id' ? [id, more] : [id], late === 'a message with a name' ? 'Ana' : undefined),
      ])
    const [first, second] = undoIsFirst ? [undo, deliver] : [deliver, undo]
    await interleaved(database.pool, given(connections[0]), given(connections[1]), first, second)

    expect(await contactOf(database.pool, id)).not.toBe(await contactOf(database.pool, given(survivor).id))
    const { rows } = await database.pool.query(
      `select v.contact_id as id from crm.messages m
        join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.conversation_id
        where m.workspace_id = $1 and m.provider_message_id = $2`,
      [workspaceId, `m-${messages}`],
    )
    expect(ids.parse(rows)).toEqual([await contactOf(database.pool, id)])
    const names = await database.pool.query(
      'select c.id, c.full_name from crm.contacts c where c.id = any ($1) and c.full_name is not null',
      [[await contactOf(database.pool, id), await contactOf(database.pool, given(survivor).id)]],
    )
    expect(names.rows).toEqual(
      late === 'a message with a name' ? [{ id: await contactOf(database.pool, id), full_name: 'Ana' }] : [],
    )
    await expectInvariants(database.pool)
  },
)
