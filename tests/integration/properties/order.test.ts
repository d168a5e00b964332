import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import type { Repeats } from '../concurrency/retry.ts'
import { expectInvariants } from '../invariants.ts'
import { createTarget, deliver } from './deliver.ts'
import { differences, exportWorkspace } from './export.ts'
import { type Mode, type Schedule, Schedules } from './schedule.ts'
import { KINDS } from './stream.ts'
import { openTagged } from './tagged.ts'

const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const RUNS = Number(process.env.ONEFOLD_PROPERTY_RUNS ?? 40)
const RUNS_AT_ONCE = Math.ceil(RUNS * 0.6)
const LENGTH = 60
const TITLE = `any shuffle with repeats of a ${LENGTH}-delivery stream ends in the same database`

let database: TestDatabase
let inOrder: pg.Client
let connections: pg.Client[]

beforeAll(async () => {
  database = await createTestDatabase()
  inOrder = await database.client()
  connections = await Promise.all(Array.from({ length: 4 }, () => database.client()))
})
afterAll(() => database.drop())

test(`I1 I2 I9 I10 I11: ${TITLE}, one by one and in batches`, { timeout: 300_000 }, () =>
  holds(['one by one', 'in batches'], RUNS),
)

test(`I1 I2 I9 I10 I11: ${TITLE}, over several connections`, { timeout: 300_000 }, () =>
  holds(['over several connections'], RUNS_AT_ONCE),
)

async function holds(modes: Mode[], runs: number): Promise<void> {
  const seen = new Map<string, number>()
  const repeats: Repeats = { count: 0, most: 0 }
  const property = fc.asyncProperty(new Schedules(LENGTH, modes), async (schedule) => {
    note(seen, schedule)
    expect(await compare(schedule, repeats)).toEqual([])
  })
  const started = performance.now()
  await fc.assert(property, { seed: SEED, numRuns: runs, interruptAfterTimeLimit: 240_000 })
  console.info(
    `Order, ${modes.join(' and ')}: ${runs} runs of ${LENGTH} deliveries in ${Math.round(performance.now() - started)} ms, ` +
      `ONEFOLD_PROPERTY_SEED=${SEED}, ${repeats.count} calls repeated after a deadlock; ${JSON.stringify(Object.fromEntries(seen))}`,
  )
  for (const kind of [...KINDS, 'bridge', ...modes]) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(runs / 4)
  }
  await expectInvariants(database.pool)
}

async function compare(schedule: Schedule, repeats: Repeats): Promise<string[]> {
  const [expected, actual] = await Promise.all([createTarget(inOrder), createTarget(database.pool)])
  await openTagged(inOrder, expected)
  await openTagged(inOrder, actual)
  await Promise.all([
    deliver([inOrder], expected, schedule.inOrder(), 'one by one', 0, repeats),
    deliver(connections, actual, schedule.asArrived(), schedule.mode, schedule.seed, repeats),
  ])
  return differences(
    await exportWorkspace(inOrder, expected.workspaceId, expected.mark),
    await exportWorkspace(inOrder, actual.workspaceId, actual.mark),
  )
}

function note(seen: Map<string, number>, schedule: Schedule): void {
  const add = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1)
  add(schedule.mode)
  for (const { kind } of schedule.inOrder()) add(kind)
}
