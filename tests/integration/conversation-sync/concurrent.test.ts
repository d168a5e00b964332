import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { stored, told } from './stored.ts'
import { Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(() => pages.stop())
afterAll(() => stack?.stop())

test.each([2, 10])(
  'I13: of %i calls at once one runs, and the others are told who does and until when',
  async (calls) => {
    const world = { seed: 31, conversations: 50, messages: 300 }
    const page = await pages.start(stack, { world, maxLimit: 10 })
    // Graph answers nobody before the others have been turned away.
    let turnedAway = 0
    let release: (() => void) | undefined
    const allTurnedAway = new Promise<void>((resolve) => {
      release = resolve
    })
    const heldFetch: typeof fetch = async (input, init) => {
      await allTurnedAway
      return fetch(input, init)
    }
    const answers = await Promise.all(
      Array.from({ length: calls }, async () => {
        const answer = await page.sync({ mode: 'full' }, { fetch: heldFetch })
        if (answer.status === 409) turnedAway += 1
        if (turnedAway === calls - 1) release?.()
        return answer
      }),
    )
    const [winner, ...others] = answers.toSorted((a, b) => a.status - b.status)
    expect(winner).toMatchObject({ status: 200, body: { hasMore: false } })
    expect(others).toEqual(
      others.map(() => ({
        status: 409,
        body: {
          code: 'lock_held',
          message: expect.any(String),
          heldBy: expect.stringMatching(/^conversation-sync [\w-]+$/),
          expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        },
      })),
    )
    expect(new Set(others.map(({ body }) => body.heldBy)).size).toBe(1)
    expect(await stored(page)).toEqual(told(page))
    expect(await page.runs()).toMatchObject([{ status: 'completed' }])
    expect(page.simulator.counters().mostAtOnce).toBe(1)
    expect(await page.isLocked()).toBe(false)
  },
)

test('another page has a lock of its own', async () => {
  const world = { seed: 32, conversations: 5, messages: 20 }
  const [one, other] = [await pages.start(stack, { world }), await pages.start(stack, { world })]
  let meanwhile: unknown
  const heldFetch: typeof fetch = async (input, init) => {
    meanwhile ??= await other.sync()
    return fetch(input, init)
  }
  expect(await one.sync({}, { fetch: heldFetch })).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(meanwhile).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await other.state()).toEqual(await one.state())
})

test('I13: a run whose lease ends in the middle stops at the next page, and the next call goes on from the last', async () => {
  const world = { seed: 33, conversations: 60, messages: 120 }
  const page = await pages.start(stack, { world, maxLimit: 10 })
  expect(await page.syncFor(2, { mode: 'full' })).toMatchObject({ status: 200, body: { hasMore: true } })
  const storedThen = await page.count('conversations')
  expect(storedThen).toBeGreaterThan(0)
  let lost = false
  const losing: typeof fetch = async (input, init) => {
    if (!lost) await page.expireLease()
    lost = true
    return fetch(input, init)
  }
  expect(await page.sync({ mode: 'full' }, { fetch: losing })).toMatchObject({
    status: 409,
    body: { code: 'lock_lost' },
  })
  expect(await page.count('conversations')).toBe(storedThen)
  expect((await page.run()).status).toBe('running')
  expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await stored(page)).toEqual(told(page))
  expect(await page.runs()).toMatchObject([{ status: 'completed', mode: 'full' }])
})
