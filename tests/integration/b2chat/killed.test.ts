import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createRandom } from '../../simulators/random.ts'
import { endProcesses, FunctionProcess } from '../function-process.ts'
import { type Tollgate, tollgate } from '../tollgate.ts'
import { Merchant, NOW, peopleOf } from './sync-kit.ts'

let stack: TestStack
const merchants: Merchant[] = []
let way: Tollgate | undefined

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(async () => {
  await endProcesses()
  await way?.stop()
  await Promise.all(merchants.splice(0).map(({ simulator }) => simulator.stop()))
})
afterAll(() => stack?.stop())

async function start(seed: number): Promise<Merchant> {
  // No record is in the answers of two days, so that each is to be counted once.
  const merchant = await Merchant.start(stack, peopleOf(seed, 160), { rangeEnd: 'exclusive' })
  merchants.push(merchant)
  return merchant
}

/** The function for a merchant: a call reads some 40 records, five a page. */
function startFunction(merchant: Merchant, url?: string): Promise<FunctionProcess> {
  const file = new URL('function-child.ts', import.meta.url)
  return FunctionProcess.start(merchant, file, { B2CHAT_CREDENTIALS: merchant.credentials, TEST_NOW: NOW }, url)
}

const KILLS = 12

test(`I14: a sync that is killed at ${KILLS} random moments ends as an undisturbed one, and its run has counted everything once`, async () => {
  const calm = await start(111)
  await calm.syncAll()
  const merchant = await start(111)
  const random = createRandom(111)
  let victim: FunctionProcess | undefined
  let [kills, passed, deadly] = [0, 0, 0]
  const moments = new Set<number>()
  const pass = () => {
    passed += 1
    if (passed !== deadly) return
    moments.add(passed)
    victim?.kill()
  }
  // Moments are counted in what the process does: its requests of B2Chat, its calls of the database, and their answers.
  merchant.simulator.setFaults(() => {
    pass()
    return undefined
  })
  way = await tollgate(stack.url, pass)

  for (let isOver = false; !isOver; ) {
    victim = await startFunction(merchant, way.url)
    passed = 0
    deadly = kills < KILLS ? 4 + random.below(24) : 0
    let answer = await victim.sync()
    while (answer?.body.hasMore === true) answer = await victim.sync()
    if (answer) {
      expect(answer).toMatchObject({ status: 200, body: { hasMore: false } })
      isOver = true
      continue
    }
    kills += 1
    // What it asked the database for is done all the same, and may have taken the lock.
    await expect.poll(way.underWay).toBe(0)
    await merchant.expireLease()
  }
  expect(kills).toBe(KILLS)
  expect(moments.size).toBeGreaterThan(KILLS / 3)

  expect(await merchant.state()).toEqual(await calm.state())
  const { contacts, chats } = merchant.simulator.dataset
  const counted = ({ items, created, failed, rejected }: Record<string, unknown>) => ({
    items,
    created,
    failed,
    rejected,
  })
  const [run, ...others] = await merchant.runs()
  expect(others).toEqual([])
  expect(run).toMatchObject({ status: 'completed', mode: 'full', error: null, failed: 0 })
  expect(counted(run ?? {})).toEqual(counted((await calm.runs())[0] ?? {}))
  expect(run?.items).toBe(contacts.length + chats.length)
  expect(await merchant.isLocked()).toBe(false)
})

test('I13: a process that wakes after another one took its lock over writes nothing', async () => {
  const merchant = await start(112)
  const sleeper = await startFunction(merchant)
  const asleep = new Promise<void>((resolve) => {
    merchant.simulator.setFaults(({ endpoint, number }) => {
      if (endpoint === 'contacts' && number === 4) {
        sleeper.pause()
        resolve()
      }
      return undefined
    })
  })
  const answer = sleeper.sync()
  await Promise.race([asleep, answer])
  await merchant.expireLease()
  await merchant.syncAll()
  const before = [await merchant.state(), await merchant.runs()]
  expect(before[1]).toMatchObject([{ status: 'completed' }])
  sleeper.wake()
  expect(await answer).toMatchObject({ status: 409, body: { code: 'lock_lost' } })
  expect([await merchant.state(), await merchant.runs()]).toEqual(before)
})
