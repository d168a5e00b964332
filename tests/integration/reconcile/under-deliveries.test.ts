import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from '../concurrency/retry.ts'
import { type Account, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'

const PEOPLE = 120
const RECONCILERS = 4
const DELIVERERS = 6
const SEED = 20261121

let database: TestDatabase
let page: Account
let number: Account
let workspaceId: string
beforeAll(async () => {
  database = await createTestDatabase()
  const sandbox = await createSandbox(database.pool, [
    ['messenger', freshId('PAGE')],
    ['whatsapp', freshId('NUMBER')],
  ])
  page = given(sandbox.accounts[0])
  number = given(sandbox.accounts[1])
  workspaceId = sandbox.workspaceId
})
afterAll(() => database.drop())

const outcome = z.tuple([
  z.object({ fixed: z.number(), merged: z.number(), candidates: z.number(), has_more: z.boolean() }),
])

async function reconcile(connection: pg.Pool | pg.ClientBase, limit: number) {
  const { rows } = await connection.query(
    `select orphaned_conversations_fixed as fixed, stubs_merged as merged, merge_candidates_found as candidates, has_more
      from crm.reconcile_contacts($1, p_limit => $2)`,
    [workspaceId, limit],
  )
  return outcome.parse(rows)[0]
}

/** Somebody who writes on both accounts; the email joins what each account knows. */
function person(n: number) {
  const psid: Identity = { kind: 'psid', value: `PSID-${n}` }
  const wa: Identity = { kind: 'wa_id', value: `5730012${String(n).padStart(5, '0')}` }
  const mail: Identity = { kind: 'email', value: `p${n}@example.com` }
  const said = (id: string, identities: Identity[]): InboundItem => ({
    participant: { identities, full_name: `Person ${n}` },
    events: [
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: `${n}-${id}`,
        occurred_at: 1_763_700_000_000 + n * 1000,
      },
    ],
  })
  return { psid, wa, mail, said }
}

async function block(pattern: string): Promise<void> {
  await database.pool.query(
    'insert into crm.blocked_identity_values (workspace_id, kind, pattern) values ($1, $2, $3)',
    [workspaceId, '*', pattern],
  )
}

async function unblock(): Promise<void> {
  await database.pool.query('delete from crm.blocked_identity_values where workspace_id = $1', [workspaceId])
}

test('I1 I6 I7: orphans are linked once while four reconcile and the same people go on writing', async () => {
  const people = Array.from({ length: PEOPLE }, (_, n) => person(n))
  // Everybody's first messages come while their ids are blocked: an orphan of the thread on each account.
  await block('.*')
  for (const [account, side] of [
    [page, 'page'],
    [number, 'number'],
  ] as const) {
    await ingestPage(
      database.pool,
      account,
      people.map(({ psid, wa, mail, said }, n) => ({
        ...said(`first-${side}`, side === 'page' ? [psid, mail] : [wa]),
        thread_id: `thread-${n}`,
      })),
    )
  }
  await unblock()
  const orphans = await database.pool.query(
    'select id from crm.conversations where workspace_id = $1 and contact_id is null',
    [workspaceId],
  )
  expect(orphans.rows).toHaveLength(2 * PEOPLE)

  // Deliveries for half of them, which link orphans themselves, open conversations that bridge to them, and merge stubs.
  const random = randomNumbers(SEED)
  const deliveries = shuffled(
    people.slice(0, PEOPLE / 2).flatMap(({ psid, wa, mail, said }, n): [Account, InboundItem][] => [
      [page, said('a', [psid])],
      [page, { ...said('b', [psid, mail]), thread_id: `thread-${n}` }],
      [number, said('a', [wa])],
      [number, { ...said('b', [wa, mail]), thread_id: `thread-${n}` }],
      [number, said('c', [wa])],
    ]),
    random,
  )
  const repeats: Repeats = { count: 0, most: 0 }
  let fixed = 0
  let calls = 0
  let delivering = true
  const connections = await Promise.all(Array.from({ length: RECONCILERS + DELIVERERS }, () => database.client()))
  await Promise.all([
    ...connections.slice(0, RECONCILERS).map(async (connection) => {
      for (let more = true; more || delivering; ) {
        const done = await retried(() => reconcile(connection, 7), repeats)
        fixed += done.fixed
        calls += 1
        more = done.has_more
      }
    }),
    inLanes(deliveries, DELIVERERS, ([account, item], lane) =>
      retried(() => ingestWebhook(given(connections[RECONCILERS + lane]), account, [item]), repeats),
    ).finally(() => {
      delivering = false
    }),
  ])
  console.info(
    `Reconciling under ${deliveries.length} deliveries: ${calls} calls linked ${fixed} of ${2 * PEOPLE} orphans, ${repeats.count} calls repeated, ${repeats.most} the most`,
  )

  // What the deliveries left to it is linked, each once: the half that nobody delivered for, and at most the rest.
  expect(fixed).toBeGreaterThanOrEqual(PEOPLE)
  expect(fixed).toBeLessThanOrEqual(2 * PEOPLE)
  const { rows } = await database.pool.query(
    `select count(*) filter (where contact_id is null)::int as orphans, count(*)::int as conversations,
        (select count(*)::int from crm.dead_letters where workspace_id = $1) as dead_letters,
        (select count(*)::int from crm.messages where workspace_id = $1) as messages
      from crm.conversations where workspace_id = $1`,
    [workspaceId],
  )
  expect(rows).toEqual([
    { orphans: 0, conversations: 2 * PEOPLE, dead_letters: 0, messages: 2 * PEOPLE + deliveries.length },
  ])
  await expectInvariants(database.pool)
})

test('I5 I6: stubs that nothing keeps apart any more are merged once while their people go on writing', async () => {
  const pairs = 40
  const people = Array.from({ length: pairs }, (_, n) => person(1000 + n))
  const contact = (n: number, id: string) => ({
    identities: [
      { kind: 'identification', value: `${id}-${n}` },
      { kind: 'phone', value: `+5730013${String(n).padStart(5, '0')}` },
    ],
  })
  for (const [n, { wa, psid, said }] of people.entries()) {
    for (const id of ['old', 'new']) {
      await database.pool.query(`select crm.upsert_contact($1, 'chat_embedded', $2)`, [
        workspaceId,
        JSON.stringify(contact(n, id)),
      ])
    }
    // Each of the two writes on one account.
    await ingestWebhook(database.pool, page, [said('first', [psid, { kind: 'identification', value: `old-${n}` }])])
    await ingestWebhook(database.pool, number, [said('first', [wa, { kind: 'identification', value: `new-${n}` }])])
  }
  const before = await reconcile(database.pool, 2000)
  expect(before).toEqual({ fixed: 0, merged: 0, candidates: pairs, has_more: false })
  await database.pool.query(
    `update crm.contact_identities set is_previous = true where workspace_id = $1 and value like 'old-%'`,
    [workspaceId],
  )

  const repeats: Repeats = { count: 0, most: 0 }
  let merged = 0
  const connections = await Promise.all(Array.from({ length: RECONCILERS + DELIVERERS }, () => database.client()))
  const deliveries = shuffled(
    people.flatMap(({ psid, wa, said }): [Account, InboundItem][] => [
      [page, said('a', [psid])],
      [number, said('a', [wa])],
      [page, said('b', [psid])],
      [number, said('b', [wa])],
    ]),
    randomNumbers(SEED + 1),
  )
  await Promise.all([
    ...connections.slice(0, RECONCILERS).map(async (connection) => {
      for (let more = true; more; ) {
        const done = await retried(() => reconcile(connection, 5), repeats)
        merged += done.merged
        more = done.has_more
      }
    }),
    inLanes(deliveries, DELIVERERS, ([account, item], lane) =>
      retried(() => ingestWebhook(given(connections[RECONCILERS + lane]), account, [item]), repeats),
    ),
  ])
  console.info(`Merging ${pairs} pairs: ${repeats.count} calls repeated, ${repeats.most} the most`)
  expect(merged).toBe(pairs)
  const { rows } = await database.pool.query(
    `select count(*)::int as merges, count(distinct duplicate_id)::int as duplicates from crm.contact_merges
      where workspace_id = $1 and reason = 'reconciled'`,
    [workspaceId],
  )
  expect(rows).toEqual([{ merges: pairs, duplicates: pairs }])
  await expectInvariants(database.pool)
})
