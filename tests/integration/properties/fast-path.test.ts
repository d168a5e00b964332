import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { given } from '../ingest/sandbox.ts'
import { createTarget, type Target } from './deliver.ts'
import { differences, exportWorkspace } from './export.ts'
import { type Before, before, type Odd, oddItem, openings, plainItem, TOUCHED_AT } from './odd-messages.ts'

const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const RUNS = Number(process.env.ONEFOLD_PROPERTY_RUNS ?? 250)

/** One call: an item, or some of one account. */
const call = fc
  .oneof(
    fc.array(oddItem, { minLength: 1, maxLength: 1 }),
    fc.array(oddItem, { minLength: 2, maxLength: 4 }),
    fc.array(plainItem, { minLength: 2, maxLength: 4 }),
  )
  .map((items) => items.filter(({ on }) => on === items[0]?.on))

const SHORT = 'select r.* from crm.bulk_upsert_conversations_with_events($1, $2) r'
const GENERAL = `select r.* from crm.channel_accounts a, crm_private.ingest_items_isolated(a, $2, clock_timestamp()) r where a.id = $1`

/** Counts, in a test's own database, how often a call takes the general path. */
const COUNT_THE_GENERAL_WAY = `
  create sequence crm_private.general_way_calls;
  alter function crm_private.ingest_items_isolated(crm.channel_accounts, jsonb, timestamptz, timestamptz) rename to ingest_items_isolated_uncounted;
  create function crm_private.ingest_items_isolated(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
  returns setof crm_private.ingest_result language plpgsql set search_path = '' as $$
  begin
    perform nextval('crm_private.general_way_calls');
    return query select r.* from crm_private.ingest_items_isolated_uncounted(p_account, p_items, p_now, p_history_before) r;
  end $$`

let short: TestDatabase
let general: TestDatabase
beforeAll(async () => {
  short = await createTestDatabase()
  general = await createTestDatabase()
  await short.pool.query(COUNT_THE_GENERAL_WAY)
})
afterAll(async () => {
  await short.drop()
  await general.drop()
})

const resultSchema = z.array(z.record(z.string(), z.unknown()))
const counterSchema = z.tuple([z.object({ calls: z.coerce.number() })]).transform(([row]) => row.calls)

test('I9 I10: a message by a fast path leaves the rows that the general path leaves', { timeout: 120_000 }, async () => {
  const calls = { one: 0, several: 0 }
  const generalCalls = { one: 0, several: 0 }
  const property = fc.asyncProperty(
    before,
    fc.array(call, { minLength: 1, maxLength: 5 }),
    async (state, deliveries) => {
      const [one, other] = await Promise.all([open(short, state), open(general, state)])
      for (const delivery of deliveries) {
        const kind = delivery.length === 1 ? 'one' : 'several'
        const start = await generalWayCalls()
        const results = await Promise.all([
          deliver(short, one, delivery, SHORT),
          deliver(general, other, delivery, GENERAL),
        ])
        expect(results[0]).toEqual(results[1])
        calls[kind] += 1
        generalCalls[kind] += (await generalWayCalls()) - start
      }
      const [expected, actual] = await Promise.all([
        exportWorkspace(general.pool, other.workspaceId, other.mark),
        exportWorkspace(short.pool, one.workspaceId, one.mark),
      ])
      expect(differences(expected, actual)).toEqual([])
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 100_000 })
  const shortCalls = { one: calls.one - generalCalls.one, several: calls.several - generalCalls.several }
  console.info(`Short ways: ${RUNS} runs, seed ${SEED}, calls and those by a fast path:`, calls, shortCalls)
  // Neither way is there for show.
  for (const kind of ['one', 'several'] as const) {
    expect(shortCalls[kind] / calls[kind]).toBeGreaterThan(0.15)
    expect(generalCalls[kind] / calls[kind]).toBeGreaterThan(0.15)
  }
})

async function generalWayCalls(): Promise<number> {
  const { rows } = await short.pool.query(
    'select case when is_called then last_value else 0 end as calls from crm_private.general_way_calls',
  )
  return counterSchema.parse(rows)
}

/** A workspace with the people and conversations, made the general path in both databases. */
async function open(database: TestDatabase, state: Before): Promise<Target> {
  const target = await createTarget(database.pool)
  for (const opening of openings(state)) await deliver(database, target, [opening], GENERAL)
  if (state.isClosed) {
    await database.pool.query(
      `update crm.conversations set status = 'closed', status_changed_at = $2 where workspace_id = $1`,
      [target.workspaceId, TOUCHED_AT],
    )
  }
  if (state.hasAiTag) {
    await database.pool.query(
      `insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at)
        select workspace_id, id, 'quote sent', 'ai', $2 from crm.conversations where workspace_id = $1`,
      [target.workspaceId, TOUCHED_AT],
    )
  }
  return target
}

/** Delivers items of one account and returns the answer without ids and versions. */
async function deliver(database: TestDatabase, target: Target, odd: Odd[], statement: string): Promise<unknown> {
  const account = given(target.accounts.find(({ externalId }) => externalId === `${odd[0]?.on}${target.mark}`))
  const { rows } = await database.pool.query({
    name: statement === SHORT ? 'short' : 'general',
    text: statement,
    values: [account.id, JSON.stringify(odd.map(({ item }) => item))],
  })
  return resultSchema.parse(rows).map(({ conversation_id, contact_id, version, ...rest }) => ({
    ...rest,
    has: [conversation_id !== null, contact_id !== null, version !== null],
  }))
}
