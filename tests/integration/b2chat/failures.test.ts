import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { scriptedFaults } from '../../simulators/b2chat/faults.ts'
import type { Dataset } from '../../simulators/b2chat/people.ts'
import { FIRST_DAY, Merchant, peopleOf } from './sync-kit.ts'

let stack: TestStack
const merchants: Merchant[] = []

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(async () => {
  await Promise.all(merchants.splice(0).map(({ simulator }) => simulator.stop()))
})
afterAll(() => stack?.stop())

async function start(dataset: Dataset, options?: Parameters<typeof Merchant.start>[2]): Promise<Merchant> {
  const merchant = await Merchant.start(stack, dataset, options)
  merchants.push(merchant)
  return merchant
}

/** A `fetch` that does something before the request of this number. */
function before(number: number, act: () => Promise<unknown>): typeof fetch {
  let count = 0
  return async (input, init) => {
    count += 1
    if (count === number) await act()
    return fetch(input, init)
  }
}

const Expiry = z.tuple([z.object({ at: z.number() })])

const pageSize = { contacts: 8, chats: 8 }

test('of two runs at once one works, and the other is told who does', async () => {
  const merchant = await start(peopleOf(61, 20))
  let second: unknown
  const fetchSlowly = before(3, async () => {
    second = await merchant.sync()
  })
  expect(await merchant.sync({ fetch: fetchSlowly, pageSize })).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(second).toEqual({
    status: 409,
    body: {
      code: 'lock_held',
      message: expect.any(String),
      heldBy: expect.stringMatching(/^b2chat-sync [\w-]+$/),
      expiresAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/),
    },
  })
  expect(await merchant.isLocked()).toBe(false)
})

test('another account has a lock of its own', async () => {
  const [one, other] = [await start(peopleOf(62, 10)), await start(peopleOf(63, 10))]
  let second: unknown
  const fetchSlowly = before(2, async () => {
    second = await other.sync()
  })
  expect(await one.sync({ fetch: fetchSlowly })).toMatchObject({ status: 200 })
  expect(second).toMatchObject({ status: 200, body: { hasMore: false } })
})

test('a token that is revoked in mid-run is replaced', async () => {
  const merchant = await start(peopleOf(64, 20), { faults: scriptedFaults({ contacts: { 2: { kind: 'revoke' } } }) })
  expect(await merchant.sync({ pageSize })).toMatchObject({ status: 200, body: { hasMore: false } })
  expect(merchant.simulator.requests.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(2)
})

test('a client that is turned away gets 502; what was stored before is transformed, and the lock given back', async () => {
  const merchant = await start(peopleOf(65, 30), {
    faults: scriptedFaults({ chats: { 2: { kind: 'revoke' }, 3: { kind: 'status', status: 403 } } }),
  })
  expect(await merchant.sync({ pageSize })).toEqual({
    status: 502,
    body: {
      code: 'provider_refused',
      message: 'B2Chat refused to be read: forbidden.',
      hint: 'Ask B2Chat for the right to this export, then call again.',
    },
  })
  expect(await merchant.count('raw_records', `t.status = 'pending'`)).toBe(0)
  expect(await merchant.count('contacts')).toBeGreaterThan(0)
  expect(await merchant.count('conversations')).toBeGreaterThan(0)
  expect(await merchant.isLocked()).toBe(false)
  expect(merchant.logLines.at(-1)).toMatch(
    /"code":"provider_refused".*"providerCode":"forbidden"|"providerCode":"forbidden".*"code":"provider_refused"/,
  )
  await merchant.syncAll()
  expect(await merchant.count('conversations')).toBe(merchant.simulator.dataset.chats.length)
})

test('an export that is refused does not keep the other from being read', async () => {
  const merchant = await start(peopleOf(69, 10), {
    faults: scriptedFaults({ contacts: { 1: { kind: 'status', status: 403 } } }),
  })
  expect(await merchant.sync()).toMatchObject({ status: 502, body: { code: 'provider_refused' } })
  expect(await merchant.count('raw_records', `t.entity = 'contacts'`)).toBe(0)
  expect(await merchant.count('conversations')).toBe(merchant.simulator.dataset.chats.length)
})

test('a provider that is down gives 503, and the next call resumes', async () => {
  const merchant = await start(peopleOf(66, 20), { faults: () => ({ kind: 'status', status: 503 }) })
  const answer = await merchant.sync({ budget: 10_000_000 })
  expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } })
  expect(await merchant.isLocked()).toBe(false)
  merchant.simulator.setFaults(() => undefined)
  expect(await merchant.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
})

test('I13: a run that lost its lock stops, and writes nothing more', async () => {
  const merchant = await start(peopleOf(67, 40))
  let landed = 0
  const fetchLosing = before(5, async () => {
    await stack.database.pool.query(
      'update crm.sync_locks set expires_at = clock_timestamp() where workspace_id = $1',
      [merchant.workspaceId],
    )
    landed = await merchant.count('raw_records')
  })
  expect(await merchant.sync({ fetch: fetchLosing, pageSize })).toMatchObject({
    status: 409,
    body: { code: 'lock_lost' },
  })
  expect(landed).toBeGreaterThan(0)
  expect(await merchant.count('raw_records')).toBe(landed)
  expect(await merchant.count('contacts')).toBe(0)
  await merchant.syncAll()
  expect(await merchant.count('conversations')).toBe(merchant.simulator.dataset.chats.length)
})

test('every page extends the lock, and a run stops when another has it', async () => {
  const merchant = await start(peopleOf(68, 20))
  const expiry = async () => {
    const { rows } = await stack.database.pool.query(
      'select extract(epoch from expires_at)::float8 as at from crm.sync_locks where workspace_id = $1',
      [merchant.workspaceId],
    )
    return Expiry.parse(rows)[0].at
  }
  let [first, extended] = [0, 0]
  let count = 0
  const fetchLong: typeof fetch = async (input, init) => {
    count += 1
    if (count === 3) first = await expiry()
    if (count === 4) extended = await expiry()
    if (count === 5) {
      await stack.database.pool.query('update crm.sync_locks set token = gen_random_uuid() where workspace_id = $1', [
        merchant.workspaceId,
      ])
    }
    return fetch(input, init)
  }
  const answer = await merchant.sync({ fetch: fetchLong, pageSize })
  expect(extended).toBeGreaterThan(first)
  expect(answer).toMatchObject({ status: 409, body: { code: 'lock_lost' } })
  expect(await merchant.isLocked()).toBe(true)
})

test.each<[string, Record<string, unknown>, string]>([
  ['a time zone that does not exist', { sync_from: FIRST_DAY, time_zone: 'Mars/Olympus' }, 'time_zone'],
  ['a first day that is none', { sync_from: '2026-02-30' }, 'sync_from'],
])('%s is refused before anything is read', async (_, settings, name) => {
  const merchant = await start(peopleOf(69, 3), { settings })
  const answer = await merchant.sync()
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
  expect(answer.body.message).toContain(name)
  expect(merchant.simulator.requests).toEqual([])
})

test('an account that is not there, of another channel or not active is not found', async () => {
  const merchant = await start(peopleOf(70, 3))
  const unknown = { channelAccountId: '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10' }
  expect(await merchant.sync({}, unknown)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  const page = await merchant.crm.connectChannel({
    workspaceId: merchant.workspaceId,
    channel: 'messenger',
    externalId: `page of ${merchant.externalId}`,
    displayName: 'Page',
  })
  expect(await merchant.sync({}, { channelAccountId: page })).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  })
  await stack.database.pool.query('update crm.channel_accounts set is_active = false where id = $1', [
    merchant.accountId,
  ])
  expect(await merchant.sync()).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(await merchant.sync({}, { channelAccountId: 'x' })).toMatchObject({
    status: 400,
    body: { code: 'invalid_input' },
  })
})

test('without credentials it is 424, and no lock is taken', async () => {
  const merchant = await start(peopleOf(71, 3))
  const answer = await merchant.sync({ env: () => undefined })
  expect(answer).toMatchObject({ status: 424, body: { code: 'missing_secret' } })
  expect(await merchant.count('sync_locks')).toBe(0)
})
