import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { externalStack, type Stack } from '../../../src/local/stack.ts'
import { startOwnStack } from '../../harness/stack.ts'
import { given } from '../ingest/sandbox.ts'
import { Pages } from './sync-kit.ts'

let stack: Stack | null
let pool: pg.Pool
const pages = new Pages()

beforeAll(async () => {
  stack = await startOwnStack()
  pool = new pg.Pool({ connectionString: stack?.dbUrl })
  pool.on('error', () => {})
})
afterEach(() => pages.stop())
afterAll(async () => {
  await pool?.end()
  await stack?.stop()
})

test.skipIf(externalStack())(
  'I14: the database goes away in the middle: 503, and when it is back the next call goes on from the last page',
  async () => {
    const own = given(stack, 'stack')
    const database = given(own.database, 'database')
    const page = await pages.start(
      { ...own, database: { pool } },
      { world: { seed: 71, conversations: 60, messages: 200 }, maxLimit: 10 },
    )
    expect(await page.syncFor(2)).toMatchObject({ status: 200, body: { hasMore: true } })
    const storedThen = await page.count('conversations')
    expect(storedThen).toBeGreaterThan(0)

    let isAway = false
    const leaving: typeof fetch = async (input, init) => {
      if (!isAway) await database.stop()
      isAway = true
      return fetch(input, init)
    }
    const answer = await page.sync({}, { fetch: leaving })
    await database.start()
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
    expect(await page.count('conversations')).toBe(storedThen)
    expect(await page.runs()).toMatchObject([{ status: 'running' }])

    // Nobody could give the lock back: its lease has to end.
    expect(await page.sync()).toMatchObject({ status: 409, body: { code: 'lock_held' } })
    await page.expireLease()
    expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
    const totals = page.simulator.totals()
    expect(await page.count('conversations')).toBe(totals.conversations)
    expect(await page.count('messages')).toBe(totals.messages)
    expect(await page.runs()).toMatchObject([{ status: 'completed' }])
  },
)
