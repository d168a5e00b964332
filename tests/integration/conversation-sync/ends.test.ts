import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import type { GraphErrorName } from '../../simulators/graph/errors.ts'
import { scriptedFaults } from '../../simulators/graph/faults.ts'
import { stored, told } from './stored.ts'
import { type Page, Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(() => pages.stop())
afterAll(() => stack?.stop())

const world = { seed: 61, conversations: 60, messages: 200 }
const start = () => pages.start(stack, { world, maxLimit: 10 })

const Checks = z.array(z.object({ check: z.string(), ok: z.boolean() }))

/** The checks of the page's health that somebody should look at. */
async function alarms(page: Page): Promise<string[]> {
  const { rows } = await stack.database.pool.query(
    'select "check", ok from crm.sync_health where workspace_id = $1 and subject = $2',
    [page.workspaceId, page.bucket],
  )
  return Checks.parse(rows).flatMap(({ check, ok }) => (ok ? [] : [check]))
}

const UNKNOWN = '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10'

test('an account that is not there, of another channel or not active is not found', async () => {
  const page = await start()
  const merchant = await page.crm.connectChannel({
    workspaceId: page.workspaceId,
    channel: 'b2chat',
    externalId: `merchant of ${page.pageId}`,
    displayName: 'Merchant',
  })
  const notFound = { status: 404, body: { code: 'not_found' } }
  expect(await page.sync({ channelAccountId: UNKNOWN })).toMatchObject(notFound)
  expect(await page.sync({ channelAccountId: merchant })).toMatchObject(notFound)
  await stack.database.pool.query('update crm.channel_accounts set is_active = false where id = $1', [page.accountId])
  expect(await page.sync()).toMatchObject(notFound)
  expect(page.requests).toBe(0)
})

test.each<[string, Record<string, unknown>]>([
  ['an id that is none', { channelAccountId: 'x' }],
  ['a mode that is none', { mode: 'partial' }],
  ['a session that is none', { resumeSession: 7 }],
])('%s is refused', async (_, body) => {
  const page = await start()
  expect(await page.sync(body)).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
  expect(page.requests).toBe(0)
})

test("another page's session is not found, a finished one has no more, and neither takes the lock", async () => {
  const [page, other] = [await start(), await start()]
  const { body } = await other.sync()
  const session = { resumeSession: body.resumeSession }
  expect(await page.sync(session)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(await page.sync({ resumeSession: UNKNOWN })).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(page.requests).toBe(0)
  expect(await page.count('sync_runs')).toBe(0)

  const requests = other.requests
  const again = await other.sync(session)
  expect(again).toEqual({ status: 200, body: { ...body, hasMore: false } })
  expect(other.requests).toBe(requests)
  expect(await other.runs()).toHaveLength(1)
  expect(await other.isLocked()).toBe(false)
})

test('without a token it is 424 that says what to set, and no run is begun', async () => {
  const page = await start()
  for (const secret of [undefined, '', '{}', 'not JSON', JSON.stringify({ [page.pageId]: { token: '' } })]) {
    const answer = await page.sync({}, { env: () => secret })
    expect(answer).toMatchObject({ status: 424, body: { code: 'missing_secret' } })
    expect(answer.body.message).toContain('MESSENGER_TOKENS')
  }
  expect(await page.count('sync_runs')).toBe(0)
  expect(await page.count('sync_locks')).toBe(0)
})

test('a token that expires in the middle: the run fails with reconnect, and after a new one the next goes on', async () => {
  const page = await start()
  expect(await page.syncFor(2)).toMatchObject({ status: 200, body: { hasMore: true } })
  const storedThen = await page.count('conversations')
  page.simulator.setFaults(scriptedFaults({ conversations: { 4: { kind: 'expire token' } } }))
  expect(await page.sync()).toMatchObject({ status: 502, body: { code: 'provider_refused' } })
  expect(await page.run()).toMatchObject({ status: 'failed', error: expect.stringMatching(/^reconnect: /) })
  expect(await page.isLocked()).toBe(false)
  expect(await alarms(page)).toEqual(['reconnect'])
  // What was read before it is stored.
  expect(await page.count('conversations')).toBeGreaterThan(storedThen)

  page.simulator.setFaults(() => undefined)
  page.simulator.setToken(page.simulator.token)
  const lists = page.simulator.counters().conversations
  expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false, progress: { mode: 'full' } } })
  expect(
    page.simulator.requests.find(({ number, edge }) => edge === 'conversations' && number > lists)?.query.has('after'),
  ).toBe(true)
  expect(await stored(page)).toEqual(told(page))
  expect(await alarms(page)).toEqual([])
  expect(await page.runs()).toMatchObject([{ status: 'completed' }, { status: 'failed' }])
})

test.each<[GraphErrorName, string]>([
  ['permission', 'permission'],
  ['permissions', 'permission'],
  ['no_capability', 'permission'],
  ['session', 'reconnect'],
  ['policy', 'policy'],
])('Graph refuses with %s: the run fails with %s, and a later one goes on', async (name, code) => {
  const page = await start()
  page.simulator.setFaults(scriptedFaults({ conversations: { 3: { kind: 'error', name } } }))
  const answer = await page.sync()
  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_refused', hint: expect.any(String) } })
  expect(await page.run()).toMatchObject({ status: 'failed', error: expect.stringMatching(new RegExp(`^${code}: `)) })
  expect(await alarms(page)).toEqual(
    code === 'reconnect' ? ['reconnect'] : code === 'policy' ? ['sync_failing', 'rate_limited'] : ['sync_failing'],
  )
  expect(await page.isLocked()).toBe(false)
  expect(await page.passBlock()).toBeGreaterThanOrEqual(code === 'policy' ? 3_590_000 : 0)
  expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await stored(page)).toEqual(told(page))
  expect(await alarms(page)).toEqual([])
})

test('Graph is down: 503, the run is paused, and the next call goes on', async () => {
  const page = await start()
  page.simulator.setFaults(({ number }) => (number > 2 ? { kind: 'gateway', status: 502 } : undefined))
  expect(await page.sync({}, { budget: 10_000_000 })).toMatchObject({
    status: 503,
    body: { code: 'provider_unavailable' },
  })
  expect(await page.run()).toMatchObject({ status: 'paused', error: expect.stringMatching(/^provider_unavailable: /) })
  expect(await page.isLocked()).toBe(false)
  page.simulator.setFaults(() => undefined)
  expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await page.runs()).toMatchObject([{ status: 'completed' }])
  expect(await stored(page)).toEqual(told(page))
})

test('out of budget: there is more, the lock is free, and the session goes on until nothing is left', async () => {
  const page = await start()
  const sessions = new Set<unknown>()
  let body: Record<string, unknown> = { mode: 'full' }
  let items = 0
  for (let calls = 1; ; calls += 1) {
    const answer = await page.syncFor(3, body)
    expect(answer).toMatchObject({ status: 200, body: { resumeAt: null } })
    const { progress } = z.object({ progress: z.object({ items: z.number() }) }).parse(answer.body)
    expect(progress.items).toBeGreaterThanOrEqual(items)
    items = progress.items
    sessions.add(answer.body.resumeSession)
    expect(await page.isLocked()).toBe(false)
    if (answer.body.hasMore !== true) {
      expect(calls).toBeGreaterThan(2)
      break
    }
    expect((await page.run()).status).toBe('paused')
    body = { resumeSession: answer.body.resumeSession }
  }
  expect(sessions.size).toBe(1)
  expect(await page.runs()).toMatchObject([{ status: 'completed', mode: 'full' }])
  expect(await stored(page)).toEqual(told(page))
})

test('throttled: it pauses for as long as Graph says, and asks nothing before that', async () => {
  const page = await pages.start(stack, { world, maxLimit: 10, throttle: { calls: 4, minutes: 19 } })
  const { status, body } = await page.sync()
  expect({ status, body }).toMatchObject({ status: 200, body: { hasMore: true, resumeAt: expect.any(String) } })
  expect(Date.parse(String(body.resumeAt)) - page.clock.now()).toBe(19 * 60_000)
  const run = await page.run()
  expect(run).toMatchObject({ status: 'paused', error: 'throttled' })
  expect(Number(run.resume_at) - Date.now()).toBeGreaterThan(18 * 60_000)
  expect(await alarms(page)).toEqual(['rate_limited'])
  expect(page.requests).toBe(4)

  const early = await page.sync({ resumeSession: body.resumeSession })
  expect(early).toMatchObject({ status: 200, body: { hasMore: true, resumeSession: body.resumeSession } })
  expect(early.body.resumeAt).not.toBeNull()
  expect(page.requests).toBe(4)
  expect(await page.isLocked()).toBe(false)
  expect((await page.run()).resume_at).toEqual(run.resume_at)

  expect(await page.passBlock()).toBeGreaterThan(18 * 60_000)
  await page.syncAll()
  expect(page.simulator.counters().whileBlocked).toBe(0)
  expect(await stored(page)).toEqual(told(page))
})

test('what cannot be read is counted by what it is, and the run completes', async () => {
  const flaws = { conversations: 0.2, participantsMalformed: 0.2, messages: 0.2 }
  const page = await pages.start(stack, { world: { seed: 62, conversations: 25, messages: 90, flaws } })
  const { body } = await page.sync()
  const { malformed } = page.simulator.totals()
  expect(malformed.conversations * malformed.participants * malformed.messages).toBeGreaterThan(0)
  const run = await page.run()
  expect(run).toMatchObject({
    status: 'completed',
    rejected_by: { conversations: malformed.conversations, messages: malformed.messages },
  })
  expect(run.rejected_by.participants).toBeGreaterThanOrEqual(malformed.participants)
  expect(run.rejected).toBe(Object.values(run.rejected_by).reduce((sum, count) => sum + count, 0))
  expect(body).toMatchObject({ progress: { rejected: run.rejected, failed: 0 } })
  expect(await alarms(page)).toEqual(['dead_letters'])
})
