import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { countRows, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { interleaved } from './interleave.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from './retry.ts'

const CONNECTIONS = 8
const PEOPLE = 12
const TIME = 1_763_700_000_000

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => database.client()))
})
afterAll(() => database.drop())

const wa = (person: number): Identity => ({ kind: 'wa_id', value: `5730011200${String(person).padStart(2, '0')}` })
const user = (person: number): Identity => ({ kind: 'bsuid', scope: 'WABA1', value: `CO.P${person}` })
const mail = (person: number): Identity => ({ kind: 'email', value: `p${person}@example.com` })
const psid = (person: number): Identity => ({ kind: 'psid', value: `PSID-${person}` })

/** One message of a person named in one way; the same message whichever way names them. */
function item(person: number, message: number, identities: Identity[], direction: 'inbound' | 'outbound' = 'inbound') {
  const provider_message_id = `m-${person}-${message}`
  const event = { type: 'message', direction, provider_message_id, occurred_at: TIME + message * 1000 } as const
  return { participant: { identities }, events: [event] } satisfies InboundItem
}

const everyone = Array.from({ length: PEOPLE }, (_, person) => person)

test('I1 I5 I9: pages that know people by phone, by user id and by both, from 8 connections at once', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  for (let round = 0; round < 6; round += 1) {
    const random = randomNumbers(round)
    const { workspaceId, accounts } = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
    const account = given(accounts[0], 'account')
    const pages = [(p: number) => [wa(p)], (p: number) => [user(p)], (p: number) => [wa(p), user(p)]].flatMap((ids) =>
      [0, 1, 2].map((message) => shuffled(everyone, random).map((person) => item(person, message, ids(person)))),
    )
    await inLanes(shuffled(pages, random), CONNECTIONS, (page, lane) =>
      retried(() => ingestPage(given(connections[lane]), account, page), repeats),
    )
    const messages = PEOPLE * 3
    expect(await countRows(database.pool, workspaceId)).toEqual({
      contacts: PEOPLE,
      conversations: PEOPLE,
      messages,
      events: messages,
    })
  }
  console.info(`Bridging pages of one account: ${repeats.count} calls repeated, ${repeats.most} the most for one`)
  await expectInvariants(database.pool)
})

test('I1 I5: two accounts that bridge the same people by their e-mail, from 8 connections at once', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  for (let round = 0; round < 6; round += 1) {
    const random = randomNumbers(100 + round)
    const sandbox = await createSandbox(database.pool, [
      ['messenger', freshId('PAGE')],
      ['whatsapp', freshId('NUMBER')],
    ])
    const [page, number] = [given(sandbox.accounts[0]), given(sandbox.accounts[1])]
    const calls = [0, 1].flatMap((message) => [
      { account: page, items: everyone.map((person) => item(person, message, [psid(person), mail(person)])) },
      { account: number, items: everyone.map((person) => item(person, message, [wa(person), mail(person)])) },
      { account: page, items: everyone.map((person) => item(person, 2 + message, [psid(person)])) },
      { account: number, items: everyone.map((person) => item(person, 2 + message, [wa(person)])) },
    ])
    await inLanes(shuffled(calls, random), CONNECTIONS, ({ account, items }, lane) =>
      retried(() => ingestPage(given(connections[lane]), account, shuffled(items, random)), repeats),
    )
    expect(await countRows(database.pool, sandbox.workspaceId)).toMatchObject({
      contacts: PEOPLE,
      conversations: 2 * PEOPLE,
      messages: 8 * PEOPLE,
    })
  }
  console.info(`Bridging accounts: ${repeats.count} calls repeated, ${repeats.most} the most for one`)
  await expectInvariants(database.pool)
})

test.each([
  { kind: 'a message', more: {} },
  { kind: 'a message with a name', more: { full_name: 'Ana' } },
])('I9 I16: $kind that comes while its conversation is merged into another is stored', async ({ more }) => {
  const { workspaceId, accounts } = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
  const account = given(accounts[0])
  for (const person of everyone.slice(0, 4)) {
    const halves = person % 2 === 0 ? [wa(person), user(person)] : [user(person), wa(person)]
    for (const [message, half] of halves.entries()) {
      await ingestWebhook(database.pool, account, [item(person, message, [half])])
    }
    const late = item(person, 9, [given(halves[person < 2 ? 0 : 1])])
    const counts = await interleaved(
      database.pool,
      given(connections[0]),
      given(connections[1]),
      (one) => ingestWebhook(one, account, [item(person, 2, halves)]),
      (other) => ingestWebhook(other, account, [{ ...late, participant: { ...late.participant, ...more } }]),
    )
    expect(counts).toEqual({ received: 1, duplicates: 0, failed: 0 })
  }
  expect(await countRows(database.pool, workspaceId)).toEqual({
    contacts: 4,
    conversations: 4,
    messages: 16,
    events: 16,
  })
  await expectInvariants(database.pool)
})

test('I1: people whose phone writes from several connections at once need no repeated call', async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  const { workspaceId, accounts } = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
  const account = given(accounts[0])
  await ingestPage(
    database.pool,
    account,
    everyone.slice(0, 3).map((person) => item(person, 0, [wa(person)])),
  )
  const calls = Array.from({ length: 60 }, (_, call) => ({ person: call % 3, message: 1 + call }))
  await inLanes(calls, CONNECTIONS, ({ person, message }, lane) =>
    retried(() => ingestWebhook(given(connections[lane]), account, [item(person, message, [wa(person)])]), repeats),
  )
  expect(await countRows(database.pool, workspaceId)).toMatchObject({ contacts: 3, messages: 63 })
  expect(repeats.count).toBe(0)
})
