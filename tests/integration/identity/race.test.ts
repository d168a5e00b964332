import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from '../concurrency/retry.ts'
import { given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { keyOf, Oracle, type Picture } from './oracle.ts'
import { populate } from './population.ts'
import { createWorld, type Delivery, deliver, ownersOf, picture, readContacts, timed, type World } from './world.ts'

const CONNECTIONS = 16
const PEOPLE = 200
const SEEDS = (process.env.ONEFOLD_RACE_SEEDS ?? '2,3').split(',').map(Number)

// Each race has a database of its own: what one breaks is not seen in another.
let database: TestDatabase
let connections: pg.Client[]
beforeEach(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => database.client()))
})
afterEach(() => database.drop())

test.each(SEEDS)(
  `I1 I5 I7: ${CONNECTIONS} connections that race ${PEOPLE} people's deliveries end in the oracle's people, seed %i`,
  { timeout: 120_000 },
  async (seed) => {
    const random = randomNumbers(seed)
    const { deliveries, floating } = populate(seed, PEOPLE)
    const floats = new Set(floating.flatMap(({ keys }) => keys))
    const expected = oneByOne(deliveries, floats)
    for (let order = 0; order < 3; order += 1) {
      expect(oneByOne(shuffled(deliveries, random), floats), 'the rules, in another order').toEqual(expected)
    }

    const world = await createWorld(database.pool)
    const repeats: Repeats = { count: 0, most: 0 }
    // Half of the seeds mix everybody with everybody; in the others all that is said of a person comes at about the same time.
    const arriving = seed % 2 === 0 ? shuffled(deliveries, random) : closely(deliveries, random)
    const calls = inCalls(arriving, random)
    const started = performance.now()
    await inLanes(calls, CONNECTIONS, (call, lane) =>
      retried(() => deliver(given(connections[lane]), world, call), repeats),
    )
    console.info(
      `Race of ${PEOPLE} people, seed ${seed}: ${deliveries.length} deliveries in ${calls.length} calls, ` +
        `${Math.round(performance.now() - started)} ms, ${repeats.count} calls repeated, ${repeats.most} the most for one`,
    )

    expect(await picture(database.pool, world, floats)).toEqual(expected)
    const owners = ownersOf(await readContacts(database.pool, world))
    for (const { keys, between } of floating) {
      const holders = new Set(keys.map((key) => owners.get(key)))
      expect(holders.size, `${keys.join(', ')} stay together`).toBe(1)
      expect(between.map((key) => owners.get(key))).toContain([...holders][0])
    }
    expect(await strayConversations(world, deliveries, floats, owners)).toEqual([])
    expect(await twiceOfOneKind(world)).toEqual([])
    expect(await writtenAgain(world, deliveries)).toEqual([])
    await expectInvariants(database.pool)
  },
)

function oneByOne(deliveries: readonly Delivery[], floats: ReadonlySet<string>): Picture {
  const oracle = new Oracle()
  for (const delivery of deliveries) oracle.deliver(timed(delivery))
  return oracle.picture(floats)
}

/** In another order, none far from its place. */
function closely(deliveries: readonly Delivery[], random: () => number): Delivery[] {
  return deliveries
    .map((delivery, place) => ({ delivery, rank: place + random() * 40 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ delivery }) => delivery)
}

/** In the order given, except that what goes the same way is sometimes held back to be delivered in one call. */
function inCalls(deliveries: readonly Delivery[], random: () => number): Delivery[][] {
  const calls: Delivery[][] = []
  const waiting = new Map<string, Delivery[]>()
  for (const delivery of deliveries) {
    const way = `${delivery.to} ${delivery.source}`
    const call = [...(waiting.get(way) ?? []), delivery]
    if (random() < 0.4) {
      calls.push(call)
      waiting.delete(way)
    } else waiting.set(way, call)
  }
  return [...calls, ...waiting.values()]
}

const links = z.array(z.object({ message: z.string(), contact_id: z.string().nullable() }))

/** Messages whose conversation is not the contact's who was named with it. */
async function strayConversations(
  world: World,
  deliveries: readonly Delivery[],
  floats: ReadonlySet<string>,
  owners: ReadonlyMap<string, string>,
): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select m.provider_message_id as message, v.contact_id from crm.messages m
      join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.conversation_id where m.workspace_id = $1`,
    [world.workspaceId],
  )
  const linked = new Map(links.parse(rows).map(({ message, contact_id }) => [message, contact_id]))
  return deliveries.flatMap(({ said, identities }) => {
    if (said === undefined) return []
    const keys = identities.map(keyOf).filter((key) => owners.has(key))
    const key = keys.find((each) => !floats.has(each)) ?? given(keys[0])
    const [is, should] = [linked.get(`m${said}`), owners.get(key)]
    return is === should ? [] : [`m${said} of ${key} is at ${is}, and ${should} has that identity`]
  })
}

/** I10: which tables change when everything is delivered once more. */
async function writtenAgain(world: World, deliveries: readonly Delivery[]): Promise<unknown[]> {
  // What a session has written lately is in its statistics too, so a fresh one.
  const connection = await database.client()
  const ways = Map.groupBy(deliveries, ({ to, source }) => `${to} ${source}`)
  await connection.query('begin')
  for (const way of ways.values()) {
    for (let from = 0; from < way.length; from += 500) await deliver(connection, world, way.slice(from, from + 500))
  }
  const { rows } = await connection.query(
    `select s.relname, s.n_tup_ins, s.n_tup_upd, s.n_tup_del from pg_catalog.pg_stat_xact_user_tables s
      where s.schemaname = 'crm' and (s.n_tup_ins, s.n_tup_upd, s.n_tup_del) <> (0, 0, 0)`,
  )
  await connection.query('rollback')
  return rows
}

/** Rule 2: who has two current ids of a kind of which a person has one. */
async function twiceOfOneKind(world: World): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select i.contact_id, i.kind, i.scope, array_agg(i.value) as "values" from crm.contact_identities i
      where i.workspace_id = $1 and not i.is_previous and i.kind in ('psid', 'b2chat_id', 'identification')
      group by 1, 2, 3 having count(*) > 1`,
    [world.workspaceId],
  )
  return rows
}
