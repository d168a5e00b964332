/**
 * How a room above takes part in what ingest and merge do (ADR 29), with a made-up domain of deals: see
 * tests/sql/helpers/35_deals.sql. What one transaction can show is in pgTAP files.
 */
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Account, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { type Repeats, retried } from './retry.ts'

const ROUNDS = 15
const AT = 1_763_700_000_000

let database: TestDatabase
let connections: pg.Client[]
let definition: string
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 7 }, () => database.client()))
  definition = await one(z.string(), `select pg_get_functiondef('crm_private.contact_domains()'::regprocedure)`)
  // Every connection has merged before there are deals: none may go by a plan from then.
  const place = await newPlace()
  for (const [round, connection] of connections.entries()) {
    const { number, userId, said } = person(place, `early-${round}`)
    await ingestWebhook(connection, place.account, [said('a', [number])])
    await ingestWebhook(connection, place.account, [said('b', [userId])])
    await ingestWebhook(connection, place.account, [said('c', [number, userId])])
  }
  await database.pool.query('select tests.add_deals()')
})
afterAll(async () => {
  await database.pool.query('select tests.remove_deals()')
  await database.pool.query(definition)
  await database.drop()
})

interface Place {
  workspaceId: string
  account: Account
}

async function newPlace(): Promise<Place> {
  const { accounts, workspaceId } = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
  return { workspaceId, account: given(accounts[0]) }
}

/** Somebody whom two threads know by an id each, which nothing has joined yet. */
function person({ workspaceId }: Place, name: string) {
  const number: Identity = { kind: 'wa_id', value: `57${String(300_000_0000 + hash(workspaceId + name))}` }
  const userId: Identity = { kind: 'bsuid', scope: 'WABA1', value: `CO.${name}` }
  const said = (id: string, identities: Identity[]): InboundItem => ({
    participant: { identities },
    events: [{ type: 'message', direction: 'inbound', provider_message_id: `${name}-${id}`, occurred_at: AT }],
  })
  return { number, userId, said }
}

/** A number below 100 million. */
function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_000_000, 7)
}

/** The only value of the only row. */
async function one<Value>(value: z.ZodType<Value>, text: string, values: unknown[] = []): Promise<Value> {
  const { rows } = await database.pool.query({ text, values, rowMode: 'array' })
  return z.tuple([z.tuple([value])]).parse(rows)[0][0]
}

const idOf = (of: 'conversation' | 'contact', place: Place, { kind, value }: Identity) =>
  of === 'contact'
    ? one(
        z.string(),
        'select contact_id from crm.contact_identities where workspace_id = $1 and kind = $2 and value = $3',
        [place.workspaceId, kind, value],
      )
    : one(z.string(), 'select conversation_id from crm.conversation_keys where workspace_id = $1 and value = $2', [
        place.workspaceId,
        `${kind}:${value}`,
      ])

async function openDeal(
  on: pg.Pool | pg.ClientBase,
  { workspaceId }: Place,
  contactId: string,
  name: string,
): Promise<string> {
  const { rows } = await on.query('select tests.open_deal($1, $2, $3) as id', [workspaceId, contactId, name])
  return z.tuple([z.object({ id: z.string() })]).parse(rows)[0].id
}

async function linkDeal(
  on: pg.Pool | pg.ClientBase,
  { workspaceId }: Place,
  deal: string,
  thread: string,
): Promise<void> {
  await on.query('select tests.link_deal($1, $2, $3)', [workspaceId, deal, thread])
}

/** A deal with the person behind this id, about the thread of this id. */
async function dealAbout(place: Place, identity: Identity, name: string): Promise<string> {
  const deal = await openDeal(database.pool, place, await idOf('contact', place, identity), name)
  await linkDeal(database.pool, place, deal, await idOf('conversation', place, identity))
  return deal
}

/** Deals that are not where their person and thread are: at a contact that was merged away, or about another's thread. */
const MISPLACED = `select d.name from tests.deals d
  join crm.contacts c on c.workspace_id = d.workspace_id and c.id = d.contact_id
  left join tests.deal_threads t on t.workspace_id = d.workspace_id and t.deal_id = d.id
  left join crm.conversations v on v.workspace_id = t.workspace_id and v.id = t.conversation_id
  where d.workspace_id = $1 and (c.merged_into_id is not null or v.contact_id <> d.contact_id)`

/** How often the domain was told of each thing, beside how often it is stored. */
const TOLD_WRONGLY = `select coalesce(t.name, m.provider_message_id) as name, t.times
  from (select name, count(*) as times from tests.told where workspace_id = $1 and what = 'message' group by name) t
  full join (select provider_message_id from crm.messages where workspace_id = $1) m on m.provider_message_id = t.name
  where t.times is distinct from 1 or m.provider_message_id is null`

const rowsOf = async (text: string, { workspaceId }: Place) => (await database.pool.query(text, [workspaceId])).rows

test('a connection that merged before there was the domain moves it as well', async () => {
  const place = await newPlace()
  for (const [round, connection] of connections.entries()) {
    const { number, userId, said } = person(place, `late-${round}`)
    await ingestPage(connection, place.account, [said('a', [number]), said('b', [userId])])
    const [byNumber, byUserId] = [
      await dealAbout(place, number, `number ${round}`),
      await dealAbout(place, userId, `user id ${round}`),
    ]
    await ingestPage(connection, place.account, [said('c', [number, userId])])
    const owners = `select count(distinct (d.contact_id, t.conversation_id))::int from tests.deals d
      join tests.deal_threads t on t.deal_id = d.id where d.id = any ($1)`
    expect(await one(z.number(), owners, [[byNumber, byUserId]])).toBe(1)
  }
  expect(await rowsOf(MISPLACED, place)).toEqual([])
})

test('I6 I9: threads that merge while messages come to both keep their deals, and each message is told once', async () => {
  const place = await newPlace()
  const { account, workspaceId } = place
  const repeats: Repeats = { count: 0, most: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { number, userId, said } = person(place, `storm-${round}`)
    await ingestPage(database.pool, account, [said('first', [number]), said('second', [userId])])
    const [byNumber, byUserId] = [await idOf('contact', place, number), await idOf('contact', place, userId)]
    await dealAbout(place, number, `number ${round}`)
    await dealAbout(place, userId, `user id ${round}`)
    const calls: ((on: pg.Client) => Promise<unknown>)[] = [
      (on) => ingestWebhook(on, account, [said('a', [number])]),
      (on) => ingestWebhook(on, account, [said('bridge', [number, userId])]),
      (on) => ingestWebhook(on, account, [said('b', [userId])]),
      (on) => openDeal(on, place, byNumber, `opened for the number ${round}`),
      (on) => ingestWebhook(on, account, [said('c', [userId]), said('d', [number])]),
      (on) => openDeal(on, place, byUserId, `opened for the user id ${round}`),
      (on) => ingestWebhook(on, account, [said('a', [number])]),
    ]
    await Promise.all(calls.map((call, lane) => retried(() => call(given(connections[lane])), repeats)))
  }
  console.info(
    `Merging threads with deals: ${ROUNDS} merges, ${repeats.count} calls repeated, ${repeats.most} the most`,
  )

  expect(await rowsOf(MISPLACED, place)).toEqual([])
  const counts = `select jsonb_build_object(
    'deals', (select count(*) from tests.deals where workspace_id = $1),
    'threads of deals', (select count(*) from tests.deal_threads where workspace_id = $1),
    'threads', (select count(*) from crm.conversations where workspace_id = $1),
    'merges', (select count(*) from crm.conversation_merges where workspace_id = $1),
    'told', (select jsonb_object_agg(t.name, t.times) from (
      select name, count(*) as times from tests.told where workspace_id = $1 and what = 'thread' group by name) t))`
  expect(await one(z.unknown(), counts, [workspaceId])).toEqual({
    deals: 4 * ROUNDS,
    'threads of deals': 2 * ROUNDS,
    threads: ROUNDS,
    merges: ROUNDS,
    told: { there: ROUNDS },
  })
  expect(await rowsOf(TOLD_WRONGLY, place)).toEqual([])
  const messages = 'select count(*)::int from crm.messages where workspace_id = $1'
  expect(await one(z.number(), messages, [workspaceId])).toBe(7 * ROUNDS)
  await expectInvariants(database.pool)
})

describe.each([true, false])('in the middle of a merge (which is first: %s)', (mergeIsFirst) => {
  async function race(merge: (on: pg.ClientBase) => Promise<unknown>, call: (on: pg.ClientBase) => Promise<unknown>) {
    const [first, second] = mergeIsFirst ? [merge, call] : [call, merge]
    await interleaved(database.pool, given(connections[0]), given(connections[1]), first, second)
  }

  test.each(['by a delivery', 'by a person'])(
    'I6: a deal that is opened for the duplicate is the survivor’s: %s',
    async (by) => {
      const place = await newPlace()
      const { number, userId, said } = person(place, 'opened')
      await ingestPage(database.pool, place.account, [said('a', [number]), said('b', [userId])])
      const [survivor, duplicate] = [await idOf('contact', place, number), await idOf('contact', place, userId)]
      await race(
        (on) =>
          by === 'by a person'
            ? on.query(`select crm.merge_contacts($1, $2, 'one person')`, [survivor, duplicate])
            : ingestPage(on, place.account, [said('c', [number, userId])]),
        async (on) => {
          await openDeal(on, place, survivor, 'of the one')
          await openDeal(on, place, duplicate, 'of the other')
        },
      )
      expect(await rowsOf(MISPLACED, place)).toEqual([])
      const deals = 'select count(*)::int from tests.deals where workspace_id = $1 and contact_id = $2'
      const contact = await idOf('contact', place, number)
      expect(await one(z.number(), deals, [place.workspaceId, contact])).toBe(2)
      await expectInvariants(database.pool)
    },
  )

  test.each(['number', 'userId'] as const)('a deal that is linked to a thread is the survivor’s: %s', async (which) => {
    const place = await newPlace()
    const who = person(place, 'linked')
    await ingestPage(database.pool, place.account, [who.said('a', [who.number]), who.said('b', [who.userId])])
    const deal = await openDeal(database.pool, place, await idOf('contact', place, who[which]), 'linked')
    const thread = await idOf('conversation', place, who[which])
    await race(
      (on) => ingestPage(on, place.account, [who.said('c', [who.number, who.userId])]),
      (on) => linkDeal(on, place, deal, thread),
    )
    const linked = 'select conversation_id from tests.deal_threads where deal_id = $1'
    expect(await one(z.string(), linked, [deal])).toBe(await idOf('conversation', place, who.number))
    expect(await rowsOf(MISPLACED, place)).toEqual([])
    await expectInvariants(database.pool)
  })
})
