import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { freshId } from '../ingest/sandbox.ts'

const CONNECTIONS = 16
const TAKES = 60

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => database.client()))
})
afterAll(() => database?.drop())

const Now = z.tuple([z.object({ seconds: z.number() })])
const Taken = z.tuple([z.object({ granted: z.boolean() })])

/** The database's time, in seconds since 1970. */
async function now(): Promise<number> {
  const { rows } = await database.pool.query('select extract(epoch from clock_timestamp())::float8 as seconds')
  return Now.parse(rows)[0].seconds
}

/** Every connection takes `cost` again and again, without waiting; returns how many tokens were granted. */
async function storm(bucket: string, cost: number): Promise<number> {
  const granted = await Promise.all(
    connections.map(async (connection) => {
      let count = 0
      for (let take = 0; take < TAKES; take += 1) {
        const { rows } = await connection.query('select granted from crm.take_rate_limit($1, $2)', [bucket, cost])
        if (Taken.parse(rows)[0].granted) count += 1
      }
      return count
    }),
  )
  return granted.reduce((sum, count) => sum + count, 0) * cost
}

test.each([1, 3])(
  'sixteen connections get what a bucket holds and what comes meanwhile, and no more (%i at a time)',
  async (cost) => {
    const [capacity, refill] = [60, 100]
    const bucket = freshId('bucket')
    const from = await now()
    await database.pool.query('select crm.set_rate_limit($1, $2, $3)', [bucket, capacity, refill])
    const granted = await storm(bucket, cost)
    const seconds = (await now()) - from
    console.info(`Rate limit: ${granted} of ${CONNECTIONS * TAKES * cost} tokens granted in ${seconds.toFixed(2)} s`)
    expect(granted).toBeLessThan(CONNECTIONS * TAKES * cost)
    expect(granted).toBeLessThanOrEqual(capacity + refill * seconds)
    expect(granted).toBeGreaterThanOrEqual(capacity)
  },
)

test('a bucket that nobody has set is made once, and holds 100', async () => {
  const bucket = freshId('bucket')
  const from = await now()
  const granted = await storm(bucket, 1)
  expect(granted).toBeLessThanOrEqual(100 + 10 * ((await now()) - from))
  expect(granted).toBeGreaterThanOrEqual(100)
})

test('nothing is granted once a block is set, however many ask', async () => {
  const bucket = freshId('bucket')
  const [blocker] = connections
  await database.pool.query('select crm.set_rate_limit($1, 1000000, 1000000)', [bucket])
  await blocker?.query('begin')
  await blocker?.query(`select crm.block_rate_limit($1, '1 hour')`, [bucket])
  // They ask before the block is to be seen, and wait for it.
  const asked = connections
    .slice(1)
    .map((connection) => connection.query('select granted from crm.take_rate_limit($1)', [bucket]))
  await blocker?.query('commit')
  for (const { rows } of await Promise.all(asked)) expect(Taken.parse(rows)[0].granted).toBe(false)
})
