import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from '../concurrency/retry.ts'
import { given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { differences, type Export, exportWorkspace } from '../properties/export.ts'
import { told } from './told.ts'
import { createWorld, type Delivery, deliver, type World } from './world.ts'

const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const RUNS = Number(process.env.ONEFOLD_PROPERTY_RUNS ?? 30)

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 4 }, () => database.client()))
})
afterAll(() => database.drop())

const people = fc
  .integer({ min: 1, max: 3 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, person) => told(person + 1))))

test('I2 I3 I4: chats first, contacts first and any mixture of both end in the same contacts, links and fields', {
  timeout: 240_000,
}, async () => {
  const repeats: Repeats = { count: 0, most: 0 }
  const property = fc.asyncProperty(people, fc.nat(), async (all, seed) => {
    const chats = all.flatMap((each) => each.chats)
    const records = all.flatMap((each) => each.records)
    const random = randomNumbers(seed)
    const expected = await inOrder([...chats, ...records])
    const orders = {
      'contacts first': () => inOrder([...records, ...chats]),
      'mixed, with repeats': () => inOrder(shuffled([...chats, ...records, ...chats], random)),
      'mixed, several in a call': () => inCalls(shuffled([...records, ...chats], random)),
      'mixed, over several connections': () => atOnce(shuffled([...records, ...chats], random), repeats),
    }
    for (const [order, end] of Object.entries(orders)) expect(differences(expected, await end()), order).toEqual([])
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 200_000 })
  await expectInvariants(database.pool)
})

async function inOrder(deliveries: readonly Delivery[]): Promise<Export> {
  return ending(async (world) => {
    for (const delivery of deliveries) await deliver(given(connections[0]), world, [delivery])
  })
}

/** What follows each other the same way in one call. */
async function inCalls(deliveries: readonly Delivery[]): Promise<Export> {
  const ways = Map.groupBy(deliveries, ({ to, source }) => `${to} ${source}`)
  return ending(async (world) => {
    for (const call of ways.values()) await deliver(given(connections[0]), world, call)
  })
}

async function atOnce(deliveries: readonly Delivery[], repeats: Repeats): Promise<Export> {
  return ending((world) =>
    inLanes(deliveries, connections.length, (delivery, lane) =>
      retried(() => deliver(given(connections[lane]), world, [delivery]), repeats),
    ),
  )
}

/** A new workspace, and everything in it once that is delivered. */
async function ending(work: (world: World) => Promise<void>): Promise<Export> {
  const world = await createWorld(given(connections[0]))
  await work(world)
  return exportWorkspace(given(connections[0]), world.workspaceId, world.mark)
}
