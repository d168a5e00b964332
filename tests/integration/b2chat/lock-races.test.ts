import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

const Attempt = z.tuple([
  z.object({
    acquired: z.boolean(),
    token: z.string().nullable(),
    fencing: z.number().nullable(),
    held_by: z.string(),
  }),
])

async function acquire(resource: string, holder: string) {
  const { rows } = await database.pool.query(
    'select acquired, token, fencing_token::int as fencing, held_by from crm.acquire_sync_lock($1, $2)',
    [resource, holder],
  )
  return Attempt.parse(rows)[0]
}

test('I13: of sixteen connections exactly one gets the lock, whenever it is free, with a greater fencing token each time', async () => {
  const resource = freshId('race')
  for (let round = 1; round <= 12; round += 1) {
    const attempts = await Promise.all(Array.from({ length: 16 }, (_, i) => acquire(resource, `worker ${i}`)))
    const [winner, ...others] = attempts.filter(({ acquired }) => acquired)
    expect(others).toEqual([])
    expect(winner?.fencing).toBe(round)
    expect(new Set(attempts.map(({ held_by }) => held_by))).toEqual(new Set([winner?.held_by]))
    // Some rounds end with a release, some with a lease that runs out.
    if (round % 2 === 0) await database.pool.query('select crm.release_sync_lock($1, $2)', [resource, winner?.token])
    else
      await database.pool.query('update crm.sync_locks set expires_at = clock_timestamp() where resource = $1', [
        resource,
      ])
  }
})

test('I13: a lock is not taken over while its holder is writing, and the holder writes nothing after', async () => {
  const { accounts } = await createSandbox(database.pool, [['b2chat', freshId('merchant')]])
  const [account] = accounts
  const resource = `b2chat:${account?.externalId}:export`
  const { token } = await acquire(resource, 'slow')
  const slow = await database.client()
  const land = (id: number) =>
    slow.query(`select landed from crm.land_raw_records($1, 'contacts', $2, '[]', $3, $4)`, [
      account?.id,
      JSON.stringify([{ contact_id: id }]),
      resource,
      token,
    ])

  await slow.query('begin')
  await land(1)
  // Time passes for the others: the lease ends in the middle of the write.
  await slow.query('update crm.sync_locks set expires_at = clock_timestamp() where resource = $1', [resource])
  const taker = await database.client()
  let isOver = false
  const takeover = taker
    .query('select acquired, token, fencing_token::int as fencing, held_by from crm.acquire_sync_lock($1, $2)', [
      resource,
      'quick',
    ])
    .finally(() => {
      isOver = true
    })
  await untilBlocked()
  expect(isOver).toBe(false)
  await slow.query('commit')
  const [taken] = Attempt.parse((await takeover).rows)
  expect(taken).toMatchObject({ acquired: true, held_by: 'quick', fencing: 2 })

  await expect(land(2)).rejects.toMatchObject({ code: 'PT409' })
  const { rows } = await database.pool.query('select external_id from crm.raw_records where channel_account_id = $1', [
    account?.id,
  ])
  expect(rows).toEqual([{ external_id: '1' }])
})

/** Resolves once a connection of this database waits for a row that another one has locked. */
async function untilBlocked(): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%acquire_sync_lock%'`,
    )
    if (rowCount) return
  }
  throw new Error('nobody waits')
}
