import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { OVERLAP } from '../../../src/channels/messenger/walk/list-page.ts'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { given } from '../ingest/sandbox.ts'
import { stored, told } from './stored.ts'
import { type Page, Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(() => pages.stop())
afterAll(() => stack?.stop())

/** Which version of each row of people's data is there. */
async function rowVersions(page: Page): Promise<unknown> {
  const tables = [
    'contacts',
    'contact_identities',
    'conversations',
    'conversation_keys',
    'messages',
    'contact_interaction_events',
  ]
  const each = tables.map(
    (name) => `select '${name}' as name, t.ctid::text as ctid, t.xmin::text as xmin from crm.${name} t
      where t.workspace_id = $1`,
  )
  const { rows } = await page.stack.database.pool.query(`${each.join(' union all ')} order by 1, 2`, [page.workspaceId])
  return rows
}

test('I10: an incremental sync with nothing new asks Graph once and writes no row', async () => {
  const page = await pages.start(stack, { world: { seed: 41, conversations: 300, messages: 1500 } })
  await page.sync()
  const [versions, requests] = [await rowVersions(page), page.requests]
  expect(await page.sync()).toMatchObject({
    status: 200,
    body: { hasMore: false, progress: { mode: 'incremental', created: 0, updated: 0, failed: 0, rejected: 0 } },
  })
  expect(page.requests - requests).toBe(1)
  expect(await rowVersions(page)).toEqual(versions)
})

test('an incremental sync brings exactly what is new', async () => {
  const page = await pages.start(stack, {
    world: { seed: 42, conversations: 80, messages: 500, deepThreads: [60] },
    maxLimit: 10,
  })
  await page.sync()
  const before = new Set((await stored(page)).flatMap(({ messages }) => messages.map(({ id }) => id)))
  const { world } = page.simulator
  const oldest = given(world.list.at(-1)).id
  const arrived = [
    ...Array.from({ length: 14 }, () => world.receive({ thread: oldest })),
    ...Array.from({ length: 12 }, () => world.receive()),
    world.receive({ thread: 'new' }),
    world.receive({ thread: 'new' }),
  ]
  const requests = page.requests
  expect(await page.sync()).toMatchObject({
    status: 200,
    body: { hasMore: false, progress: { mode: 'incremental', created: 2, failed: 0 } },
  })
  expect(page.requests - requests).toBeLessThan(20)
  const after = await stored(page)
  expect(after).toEqual(told(page))
  const added = after.flatMap(({ messages }) => messages.map(({ id }) => id)).filter((id) => !before.has(id))
  expect(added.toSorted()).toEqual(arrived.map(({ message }) => message.id).toSorted())
})

test.each([
  ['fewer than', 3],
  ['more than', 7],
])('equal times at the boundary lose nothing: %s a page of them', async (_, count) => {
  const page = await pages.start(stack, {
    world: { seed: 43, conversations: 40, messages: 100, equalTimes: 0.5 },
    maxLimit: 5,
  })
  await page.sync()
  const reached = given(await page.highWatermark()).getTime()
  const { world } = page.simulator
  expect(reached).toBe(world.settings.until)
  // At the very second of the watermark, and at the second from which the next run reads.
  const since = reached - OVERLAP
  const threads = world.list.filter(({ updated }) => updated * 1000 < since).map(({ id }) => id)
  for (const thread of threads.slice(0, count)) world.receive({ thread, at: reached })
  for (const thread of threads.slice(count, count + 7)) world.receive({ thread, at: since })
  expect(await page.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(await stored(page)).toEqual(told(page))
  expect(await page.highWatermark()).toEqual(new Date(reached))
})

test('a run reads from as long before the watermark as the walk goes back behind one', async () => {
  const page = await pages.start(stack, { world: { seed: 47, conversations: 5, messages: 10 } })
  await page.sync()
  const reached = given(await page.highWatermark())
  await page.sync()
  // Only while the two agree can a walk tell that nothing has changed since the watermark.
  expect((await page.run()).since).toEqual(new Date(reached.getTime() - OVERLAP))
})

test('I14: the high watermark moves when the run completes, and not before', async () => {
  const page = await pages.start(stack, { world: { seed: 44, conversations: 60, messages: 200 }, maxLimit: 10 })
  const paused = await page.syncFor(2)
  expect(paused).toMatchObject({ status: 200, body: { hasMore: true } })
  expect(await page.highWatermark()).toBeNull()
  await page.syncAll()
  const first = given(await page.highWatermark())
  expect(first.getTime()).toBe(page.simulator.world.settings.until)

  for (let i = 0; i < 25; i += 1) page.simulator.world.receive({ at: first.getTime() + 60_000 + i * 1000 })
  expect(await page.syncFor(1)).toMatchObject({ status: 200, body: { hasMore: true } })
  expect(await page.highWatermark()).toEqual(first)
  await page.syncAll()
  expect(given(await page.highWatermark()).getTime()).toBe(first.getTime() + 84_000)
  expect(await stored(page)).toEqual(told(page))
})

test('what was history when the page was first read stays it, and what is new is unread', async () => {
  const page = await pages.start(stack, { world: { seed: 45, conversations: 30, messages: 200, emptyThreads: 0 } })
  page.clock.advance(30 * 86_400_000)
  await page.sync()
  const history = await page.count('messages', 't.is_history')
  expect(history).toBe(200)
  const { world } = page.simulator
  // Told a week later, and in threads whose history comes along.
  const at = world.settings.until + 5_000
  for (const { id } of world.list.slice(-10)) world.receive({ thread: id, outbound: false, at })
  page.clock.advance(7 * 86_400_000)
  await page.sync()
  expect(await stored(page)).toEqual(told(page))
  expect(await page.count('messages', 't.is_history')).toBe(history)
  expect(await page.count('conversations', 't.unread_count = 1')).toBe(10)
  expect(await page.count('conversations', 't.unread_count > 1')).toBe(0)
})

test('a first run takes the day before it for new', async () => {
  const now = Date.now()
  const until = now - 2 * 86_400_000
  const page = await pages.start(stack, {
    world: { seed: 46, conversations: 30, messages: 200, emptyThreads: 0, until },
  })
  page.clock.advance(now - page.clock.now())
  const { world } = page.simulator
  for (const { id } of world.list.slice(-5)) world.receive({ thread: id, outbound: false, at: now - 3_600_000 })
  for (const { id } of world.list.slice(-2)) world.receive({ thread: id, outbound: false, at: now - 25 * 3_600_000 })
  await page.sync()
  expect(await stored(page)).toEqual(told(page))
  expect(await page.count('messages', 't.is_history')).toBe(202)
  expect(await page.count('conversations', 't.unread_count = 1')).toBe(5)
  expect(await page.count('conversations', 't.unread_count > 1')).toBe(0)
})
