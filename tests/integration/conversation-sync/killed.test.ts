import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createRandom } from '../../simulators/random.ts'
import { type Answer, endProcesses, FunctionProcess } from '../function-process.ts'
import { type Tollgate, tollgate } from '../tollgate.ts'
import { stored, told } from './stored.ts'
import { judgeAsOfNow, NOW, type Page, Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()
let way: Tollgate | undefined

beforeAll(async () => {
  stack = await startTestStack()
  await judgeAsOfNow(stack)
})
afterEach(async () => {
  await endProcesses()
  await way?.stop()
  await pages.stop()
})
afterAll(() => stack?.stop())

/** The function for a page; a call is out of budget after so many requests of Graph. */
function start(page: Page, requests: number, url?: string): Promise<FunctionProcess> {
  const budget = { TEST_NOW: NOW, TEST_BUDGET: String(requests * 10_000) }
  const file = new URL('function-child.ts', import.meta.url)
  return FunctionProcess.start(page, file, { MESSENGER_TOKENS: page.secret, ...budget }, url)
}

/** Calls the process until the sync is done; null when it ended before. */
async function syncAll(process_: FunctionProcess): Promise<Answer | null> {
  for (;;) {
    const answer = await process_.sync({ mode: 'full' })
    if (answer?.body.hasMore !== true) return answer
  }
}

const KILLS = 30

test(`I14: a sync that is killed at ${KILLS} random moments ends as an undisturbed one`, async () => {
  const world = { seed: 21, conversations: 320, messages: 650, deepThreads: [30, 12], flaws: { messages: 0.02 } }
  const options = { world, maxLimit: 6 }
  const calm = await pages.start(stack, options)
  await calm.sync({ mode: 'full' })
  expect(await stored(calm)).toEqual(told(calm))

  const page = await pages.start(stack, options)
  const random = createRandom(21)
  let victim: FunctionProcess | undefined
  let [kills, passed, deadly] = [0, 0, 0]
  const moments = new Set<number>()
  const pass = () => {
    passed += 1
    if (passed !== deadly) return
    moments.add(passed)
    victim?.kill()
  }
  // Moments are counted in what the process does: its requests of Graph, its calls of the database, and their answers.
  page.simulator.setFaults(() => {
    pass()
    return undefined
  })
  way = await tollgate(stack.url, pass)

  const { url } = way
  let next = start(page, 3, url)
  for (;;) {
    victim = await next
    if (kills < KILLS) next = start(page, 3, url)
    passed = 0
    deadly = kills < KILLS ? 2 + random.below(24) : 0
    const answer = await syncAll(victim)
    if (answer) {
      expect(answer).toMatchObject({ status: 200, body: { hasMore: false } })
      break
    }
    kills += 1
    // What it asked the database for is done all the same, and may have taken the lock.
    await expect.poll(way.underWay).toBe(0)
    await page.expireLease()
  }
  expect(kills).toBe(KILLS)
  expect(moments.size).toBeGreaterThan(KILLS / 3)

  expect(await page.state()).toEqual(await calm.state())
  expect(await stored(page)).toEqual(told(page))
  // One run all along, and nothing of it was counted twice or not at all.
  expect(await page.runs()).toMatchObject([{ status: 'completed', mode: 'full', error: null }])
  expect(await page.isLocked()).toBe(false)
  expect(page.simulator.counters()).toMatchObject({ tokenInUrl: 0, errors: {} })
})

test('I13: a process that wakes after another one took its lock over writes nothing', async () => {
  const world = { seed: 22, conversations: 60, messages: 400, deepThreads: [50] }
  const page = await pages.start(stack, { world, maxLimit: 10 })
  const sleeper = await start(page, 100)
  const asleep = new Promise<void>((resolve) => {
    page.simulator.setFaults(({ edge, number }) => {
      if (edge === 'conversations' && number === 3) {
        sleeper.pause()
        resolve()
      }
      return undefined
    })
  })
  const answer = sleeper.sync({ mode: 'full' })
  await Promise.race([asleep, answer])
  await page.expireLease()
  expect(await page.sync({ mode: 'full' })).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await stored(page)).toEqual(told(page))

  const before = await rowVersions()
  sleeper.wake()
  expect(await answer).toMatchObject({ status: 409, body: { code: 'lock_lost' } })
  expect(await rowVersions()).toEqual(before)
})

/** Which version of each row is there, in every table but the one that counts requests. */
async function rowVersions(): Promise<Record<string, string>> {
  const { rows: tables } = await stack.database.pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace = 'crm'::regnamespace and c.relkind = 'r' and c.relname <> 'rate_limit_buckets'`,
  )
  const versions: Record<string, string> = {}
  for (const { name } of tables) {
    const { rows } = await stack.database.pool.query<{ digest: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t.ctid || ' ' || t.xmin, ',' order by t.ctid)), '') as digest from ${name} t`,
    )
    versions[name] = rows[0]?.digest ?? ''
  }
  return versions
}
