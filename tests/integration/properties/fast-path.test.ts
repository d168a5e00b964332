import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { given } from '../ingest/sandbox.ts'
import { createTarget, type Target } from './deliver.ts'
import { differences, exportWorkspace } from './export.ts'
import {
  type Before,
  before,
  brokenItem,
  namedItem,
  type Odd,
  oddItem,
  openings,
  otherItem,
  plainItem,
  TOUCHED_AT,
} from './odd-messages.ts'

const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const RUNS = Number(process.env.ONEFOLD_PROPERTY_RUNS ?? 250)

/** One call: an item, or some of one account. */
const call = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(oddItem, { minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.array(oddItem, { minLength: 2, maxLength: 4 }) },
    { weight: 2, arbitrary: fc.array(plainItem, { minLength: 1, maxLength: 1 }) },
    { weight: 6, arbitrary: fc.array(plainItem, { minLength: 2, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(plainItem, { minLength: 5, maxLength: 20 }) },
    { weight: 4, arbitrary: fc.array(namedItem, { minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.array(namedItem, { minLength: 2, maxLength: 20 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(plainItem, namedItem, otherItem), { minLength: 2, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(otherItem, { minLength: 1, maxLength: 1 }) },
    { weight: 3, arbitrary: fc.array(brokenItem, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(plainItem, brokenItem), { minLength: 2, maxLength: 3 }) },
  )
  .map((items: Odd[]) => items.filter(({ on }) => on === items[0]?.on))

const FAST = 'select r.* from crm.bulk_upsert_conversations_with_events($1, $2) r'
const GENERAL = `select r.* from crm.channel_accounts a, crm_private.ingest_items_isolated(a, $2, clock_timestamp()) r where a.id = $1`
const SHAPE = 'select crm_private.fast_path_shape(a.channel, $2) as shape from crm.channel_accounts a where a.id = $1'

/** Counts, in a test's own database, how often a call takes the general path. */
const COUNT_THE_GENERAL_PATH = `
  create sequence crm_private.general_path_calls;
  alter function crm_private.ingest_items_isolated(crm.channel_accounts, jsonb, timestamptz, timestamptz)
    rename to ingest_items_isolated_uncounted;
  create function crm_private.ingest_items_isolated(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
  returns setof crm_private.ingest_result language plpgsql set search_path = '' as $$
  begin
    perform nextval('crm_private.general_path_calls');
    return query select r.* from crm_private.ingest_items_isolated_uncounted(p_account, p_items, p_now, p_history_before) r;
  end $$`

let fast: TestDatabase
let general: TestDatabase
beforeAll(async () => {
  fast = await createTestDatabase()
  general = await createTestDatabase()
  await fast.pool.query(COUNT_THE_GENERAL_PATH)
})
afterAll(async () => {
  await fast.drop()
  await general.drop()
})

const resultSchema = z.array(z.record(z.string(), z.unknown()))
const counterSchema = z.tuple([z.object({ calls: z.coerce.number() })]).transform(([row]) => row.calls)
const shapeSchema = z
  .tuple([z.object({ shape: z.enum(['plain', 'named']).nullable() })])
  .transform(([row]) => row.shape)

type Kind = 'one' | 'several'
type Shape = z.infer<typeof shapeSchema>

test('I9 I10: the fast path leaves the rows that the general path leaves', { timeout: 120_000 }, async () => {
  const calls: { kind: Kind; shape: Shape; isFast: boolean }[] = []
  const property = fc.asyncProperty(
    before,
    fc.array(call, { minLength: 1, maxLength: 5 }),
    async (state, deliveries) => {
      const [one, other] = await Promise.all([open(fast, state), open(general, state)])
      for (const delivery of deliveries) {
        const start = await generalPathCalls()
        const [shape, ...results] = await Promise.all([
          shapeOf(general, other, delivery),
          deliver(fast, one, delivery, FAST),
          deliver(general, other, delivery, GENERAL),
        ])
        expect(results[0]).toEqual(results[1])
        const isFast = (await generalPathCalls()) === start
        calls.push({ kind: delivery.length === 1 ? 'one' : 'several', shape, isFast })
      }
      const [expected, actual] = await Promise.all([
        exportWorkspace(general.pool, other.workspaceId, other.mark),
        exportWorkspace(fast.pool, one.workspaceId, one.mark),
      ])
      expect(differences(expected, actual)).toEqual([])
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 100_000 })
  const counted = (kind: Kind, is: (one: (typeof calls)[number]) => boolean): number =>
    calls.filter((one) => one.kind === kind && is(one)).length
  const shares = (['one', 'several'] as const).map((kind) => {
    const all = counted(kind, () => true)
    return {
      kind,
      all,
      fast: counted(kind, ({ isFast }) => isFast) / all,
      general: counted(kind, ({ isFast }) => !isFast) / all,
    }
  })
  const named = counted('one', ({ shape }) => shape === 'named')
  const fastNamed = counted('one', ({ shape, isFast }) => shape === 'named' && isFast) / named
  console.info(`Fast path: ${RUNS} runs, seed ${SEED}, shares of the calls:`, shares, { named, fast: fastNamed })
  expect(calls.filter(({ shape, isFast }) => isFast && shape === null)).toEqual([])
  // Each path is taken often, and by each shape.
  for (const share of shares) {
    expect(share.fast).toBeGreaterThan(0.15)
    expect(share.general).toBeGreaterThan(0.15)
  }
  expect(fastNamed).toBeGreaterThan(0.15)
  // What either path refuses, it refuses before it writes: nothing here is an error of the fast path.
  const { rows } = await fast.pool.query('select sqlstate, constraint_name, errors from crm.fast_path_errors')
  expect(rows).toEqual([])
})

async function shapeOf(database: TestDatabase, target: Target, odd: Odd[]): Promise<Shape> {
  const { rows } = await database.pool.query(SHAPE, valuesOf(target, odd))
  return shapeSchema.parse(rows)
}

async function generalPathCalls(): Promise<number> {
  const { rows } = await fast.pool.query(
    'select case when is_called then last_value else 0 end as calls from crm_private.general_path_calls',
  )
  return counterSchema.parse(rows)
}

/** A workspace with the people and conversations, made by the general path in both databases. */
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
  const { rows } = await database.pool.query({
    name: statement === FAST ? 'fast' : 'general',
    text: statement,
    values: valuesOf(target, odd),
  })
  return resultSchema.parse(rows).map(({ conversation_id, contact_id, version, ...rest }) => ({
    ...rest,
    has: [conversation_id !== null, contact_id !== null, version !== null],
  }))
}

/** The account of the items and the items, as the statements take them. */
function valuesOf(target: Target, odd: Odd[]): [string, string] {
  const account = given(target.accounts.find(({ externalId }) => externalId === `${odd[0]?.on}${target.mark}`))
  return [account.id, JSON.stringify(odd.map(({ item }) => item))]
}
