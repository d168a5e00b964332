import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import type { GraphOptions } from '../../simulators/graph/options.ts'
import { stored, told } from './stored.ts'
import { judgeAsOfNow, Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()

beforeAll(async () => {
  stack = await startTestStack()
  await judgeAsOfNow(stack)
})
afterEach(() => pages.stop())
afterAll(() => stack?.stop())

const flaws = {
  conversations: 0.06,
  participantsMissing: 0.05,
  participantsMalformed: 0.05,
  messages: 0.03,
  oddMessages: 0.03,
  unsupported: 0.03,
}

const worldOf = (seed: number) => ({
  seed,
  conversations: 60,
  messages: 450,
  deepThreads: [70, 40, 11, 10],
  flaws,
})

test('I9, I10: a full sync stores what Graph tells, and another one changes nothing', async () => {
  // One page of the list, so that nothing that is set aside is read twice.
  const page = await pages.start(stack, { world: { ...worldOf(4), conversations: 25 } })
  const answer = await page.sync({ mode: 'full' })
  const { malformed, conversations } = page.simulator.totals()
  expect(answer).toMatchObject({
    status: 200,
    body: { hasMore: false, resumeAt: null, progress: { mode: 'full', failed: 0, created: conversations } },
  })
  expect(await stored(page)).toEqual(told(page))
  expect(await page.run()).toMatchObject({
    status: 'completed',
    error: null,
    rejected_by: {
      conversations: malformed.conversations,
      messages: malformed.messages,
      participants: expect.any(Number),
    },
  })
  expect(await page.isLocked()).toBe(false)
  expect(page.simulator.counters()).toMatchObject({ tokenInUrl: 0, mostAtOnce: 1, errors: {} })

  const state = await page.state()
  expect(await page.sync({ mode: 'full' })).toMatchObject({
    status: 200,
    body: { hasMore: false, progress: { created: 0, updated: 0, failed: 0 } },
  })
  expect(await page.state()).toEqual(state)
})

test('what is set aside holds no token, and what is read again is set aside once', async () => {
  const world = { ...worldOf(5), flaws: { ...flaws, conversations: 0.3 } }
  const page = await pages.start(stack, { world, maxLimit: 10 })
  await page.sync()
  const letters = await page.count('dead_letters')
  expect(letters).toBeGreaterThan(0)
  expect(await page.count('dead_letters', `strpos(t.item::text, '${page.simulator.token}') > 0`)).toBe(0)
  await page.sync({ mode: 'full' })
  expect(await page.count('dead_letters')).toBe(letters)
})

const all = (seed: number): GraphOptions => ({
  arrivals: { part: 0.4, most: 10 },
  cursorLife: 60,
  cursorsMark: 'row',
  chaos: { seed, part: 0.15 },
  most: { conversations: 8, messages: 9 },
  throttle: { calls: 25, minutes: 9, code: 80001 },
})

test.each<[string, number, GraphOptions]>([
  ['while its list moves and cursors expire', 6, { arrivals: { part: 0.5, most: 12 }, cursorLife: 14 }],
  ['through broken connections, errors, and odd pages', 7, { chaos: { seed: 7, part: 0.3 } }],
  ['when asked for less data', 8, { most: { conversations: 8, nested: 6, messages: 9 }, cursorsKeepLimit: 'always' }],
  ['that is throttled by headers', 9, { throttle: { calls: 9, minutes: 17 } }],
  ['that is throttled by an error', 10, { throttle: { calls: 9, minutes: 3, announce: false, code: 613 } }],
  ['through all of it at once', 1, all(1)],
  ['through all of it at once', 2, all(2)],
  ['through all of it at once', 3, all(3)],
])(
  'I9, I14, I15: a full sync %s ends in what Graph tells, and as an undisturbed one does (seed %i)',
  async (_name, seed, options) => {
    const world = worldOf(seed)
    const disturbed = await pages.start(stack, { maxLimit: 10, ...options, world })
    await disturbed.syncAll({ mode: 'full' })
    // What came while a run was ending is the next one's to find.
    for (let arrived = -1; arrived !== disturbed.arrivals.length; ) {
      arrived = disturbed.arrivals.length
      await disturbed.syncAll()
    }
    expect(await stored(disturbed)).toEqual(told(disturbed))
    const { whileBlocked, tokenInUrl, mostAtOnce } = disturbed.simulator.counters()
    expect({ whileBlocked, tokenInUrl }).toEqual({ whileBlocked: 0, tokenInUrl: 0 })
    expect(mostAtOnce).toBeLessThanOrEqual(2)

    const calm = await pages.start(stack, { world, maxLimit: 10 })
    for (const { conversation, message } of disturbed.arrivals) {
      const { at, text, outbound } = message
      calm.simulator.world.receive({ thread: conversation.id, at, text, outbound })
    }
    await calm.syncAll({ mode: 'full' })
    expect(await calm.count('messages', 't.is_history')).toBeGreaterThan(0)
    expect(await calm.count('conversations', 't.unread_count > 0')).toBeGreaterThan(0)
    expect(await disturbed.state()).toEqual(await calm.state())
  },
)
