import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { type Fault, randomFaults } from '../../simulators/b2chat/faults.ts'
import { createDataset, type Dataset } from '../../simulators/b2chat/people.ts'
import { FIRST_DAY, Merchant, peopleOf, withoutFamilies } from './sync-kit.ts'

let stack: TestStack
const merchants: Merchant[] = []

beforeAll(async () => {
  stack = await startTestStack()
})
afterEach(async () => {
  await Promise.all(merchants.splice(0).map(({ simulator }) => simulator.stop()))
})
afterAll(() => stack?.stop())

async function start(...args: [Dataset, Parameters<typeof Merchant.start>[2]?]): Promise<Merchant> {
  const merchant = await Merchant.start(stack, ...args)
  merchants.push(merchant)
  return merchant
}

const FAULTS: readonly [Fault, ...Fault[]] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, retryAfter: '2' },
  { kind: 'revoke' },
  { kind: 'cut' },
  { kind: 'half' },
]

test('reads, stores and transforms everything, and the next run changes nothing', async () => {
  const dataset = peopleOf(11)
  const merchant = await start(dataset)
  const first = await merchant.sync()
  expect(first).toMatchObject({
    status: 200,
    body: {
      hasMore: false,
      status: 'completed',
      resumeSession: expect.stringMatching(/^[0-9a-f-]{36}$/),
      progress: {
        mode: 'full',
        failed: 0,
        contacts: { done: true, landed: dataset.contacts.length, rejected: 0, unsettled: [] },
        chats: { done: true, landed: dataset.chats.length, created: dataset.chats.length },
      },
      resumeAt: null,
    },
  })
  expect(await merchant.count('conversations')).toBe(dataset.chats.length)
  expect(await merchant.count('messages')).toBe(dataset.chats.flatMap(({ messages }) => messages).length)
  expect(await merchant.count('contacts', `t.sync_source <> 'chat_embedded'`)).toBe(dataset.contacts.length)
  expect(await merchant.isLocked()).toBe(false)

  const state = await merchant.state()
  const second = await merchant.sync()
  expect(second).toMatchObject({
    status: 200,
    body: {
      hasMore: false,
      progress: {
        ...{ mode: 'incremental', created: 0, updated: 0 },
        ...{ contacts: { landed: 0, created: 0 }, chats: { landed: 0, created: 0 } },
      },
    },
  })
  expect(await merchant.state()).toEqual(state)
})

test.each([1, 2, 3])('a run with faults ends in the same database as an undisturbed one (seed %i)', async (seed) => {
  const calm = await start(peopleOf(seed))
  await calm.sync()
  const disturbed = await start(peopleOf(seed), { faults: randomFaults(seed, 0.4, FAULTS) })
  await disturbed.syncAll({ pageSize: { contacts: 7, chats: 7 } })
  expect(disturbed.clock.waits.length).toBeGreaterThan(3)
  expect(await disturbed.state()).toEqual(await calm.state())
})

test('a run that is out of time is resumed where it was', async () => {
  const pageSize = { contacts: 6, chats: 6 }
  const calm = await start(peopleOf(21))
  expect(await calm.sync({ pageSize })).toMatchObject({ status: 200, body: { hasMore: false } })
  const slow = await start(peopleOf(21))
  const slowly: typeof fetch = (input, init) => {
    slow.clock.advance(7_000)
    return fetch(input, init)
  }
  const runs = await slow.syncAll({ fetch: slowly, pageSize })
  expect(runs).toBeGreaterThan(2)
  expect(await slow.state()).toEqual(await calm.state())
  // Nothing that was stored is asked for again.
  const asked = slow.simulator.requests.flatMap(({ endpoint, query }) => {
    const day = query.get('updated_from') ?? query.get('date_range_from') ?? ''
    return endpoint === 'token' ? [] : [`${endpoint} ${day} ${query.get('offset')}`]
  })
  expect(asked.length).toBeGreaterThan(20)
  expect(new Set(asked).size).toBe(asked.length)
})

test('a run reads so many records and no more', async () => {
  const merchant = await start(peopleOf(22))
  const { body } = await merchant.sync({ maxRecords: 10, pageSize: { contacts: 3, chats: 3 } })
  expect(body).toMatchObject({
    hasMore: true,
    status: 'paused',
    progress: { contacts: { records: 12, done: false }, chats: { records: 0 } },
  })
  expect(merchant.simulator.requests.some(({ endpoint }) => endpoint === 'chats')).toBe(false)
})

test('a page of more than 500 records is stored in slices', async () => {
  const { people, contacts } = createDataset({ seed: 23, people: 800, firstDay: FIRST_DAY, days: 1 })
  expect(contacts.length).toBeGreaterThan(500)
  const merchant = await start({ people, contacts, chats: [] })
  expect(await merchant.sync()).toMatchObject({
    status: 200,
    body: { hasMore: false, progress: { contacts: { landed: contacts.length, created: contacts.length } } },
  })
})

test('both orders end alike: contacts first, chats first', async () => {
  // People who share a phone are told apart only by what came first: whose is it?
  const dataset = withoutFamilies(peopleOf(31))
  const contactsFirst = await start(dataset)
  await contactsFirst.sync()

  const chatsFirst = await start({ ...dataset, contacts: [] })
  await chatsFirst.sync()
  expect(await chatsFirst.count('contacts', 't.needs_full_sync')).toBeGreaterThan(0)
  chatsFirst.simulator.dataset.contacts = dataset.contacts
  await stack.database.pool.query(`update crm.sync_state set cursor = cursor - 'contacts' where workspace_id = $1`, [
    chatsFirst.workspaceId,
  ])
  await chatsFirst.sync()
  expect(await chatsFirst.count('contacts', `t.sync_source = 'upgraded'`)).toBeGreaterThan(0)
  expect(await chatsFirst.state()).toEqual(await contactsFirst.state())
})

test('records without a usable id are set aside, and those with wrong types fail alone', async () => {
  const dataset = peopleOf(41)
  const [lost, odd] = dataset.contacts
  const [chat] = dataset.chats
  if (!lost || !odd || !chat) throw new Error('the data set is too small')
  const broken = new Map<(typeof dataset.contacts)[number] | (typeof dataset.chats)[number], unknown>([
    [lost, { ...lost, contact_id: null }],
    [odd, { ...odd, tags: 'VIP' }],
    [chat, { ...chat, messages: [{ incoming: 'yes' }] }],
  ])
  const merchant = await start(dataset, { broken })
  expect(await merchant.sync()).toMatchObject({
    status: 200,
    body: {
      progress: {
        ...{ failed: 2, rejected: 1 },
        contacts: { rejected: 1, failed: 1 },
        chats: { failed: 1, created: dataset.chats.length - 1 },
      },
    },
  })
  expect(
    await merchant.count('dead_letters', `t.reason = 'malformed' and t.path like '$.contacts[%].contact_id'`),
  ).toBe(1)
  expect(
    await merchant.count('raw_records', `t.status = 'failed' and t.error ->> 'path' = '$.messages[0].incoming'`),
  ).toBe(1)
})

test('the first run begins thirty days ago; a run that comes late goes on where the last one stopped', async () => {
  const merchant = await start(peopleOf(51, 10), { settings: { time_zone: 'America/Bogota' } })
  await merchant.sync()
  const first = merchant.simulator.requests.find(({ endpoint }) => endpoint === 'contacts')
  expect(first?.query.get('updated_from')).toBe('2025-12-07')
  merchant.clock.advance(50 * 86_400_000)
  merchant.simulator.requests.length = 0
  await merchant.sync()
  const late = merchant.simulator.requests.find(({ endpoint }) => endpoint === 'contacts')
  expect(late?.query.get('updated_from')).toBe('2026-01-05')
})
