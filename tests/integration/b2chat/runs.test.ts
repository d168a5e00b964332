/** What the row of a run says of a sync: how far it came, what became of the records, how it ended and when it goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { type Fault, scriptedFaults } from '../../simulators/b2chat/faults.ts'
import type { Dataset } from '../../simulators/b2chat/people.ts'
import { type Answer, Merchant, peopleOf } from './sync-kit.ts'

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

/** So that no record is in the answers of two days. */
const rangeEnd = 'exclusive'
const pageSize = { contacts: 8, chats: 8 }
const status = (code: number, retryAfter?: string): Fault => ({
  kind: 'status',
  status: code,
  ...(retryAfter === undefined ? {} : { retryAfter }),
})

/** Of the contacts and the chats of an answer, the sum of these. */
function sum({ body }: Answer, ...names: string[]): number {
  const progress = new Map(Object.entries(body.progress ?? {}))
  const counts = [progress.get('contacts'), progress.get('chats')].map((of) => new Map(Object.entries(of ?? {})))
  return counts.reduce((all, of) => all + names.reduce((some, name) => some + Number(of.get(name)), 0), 0)
}

test('how a run ended is kept also where the pause of the bucket could not be', async () => {
  const merchant = await start(peopleOf(120, 20))
  merchant.simulator.setFaults(() => status(429, '1200'))
  const blockRateLimit = () => Promise.reject(new Error('the database is away'))
  await merchant.sync({ crm: () => ({ ...merchant.crm, blockRateLimit }), pageSize })
  expect((await merchant.runs())[0]).toMatchObject({ status: 'paused', error_code: 'throttled' })
  expect(await merchant.isLocked()).toBe(false)
})

test('a run is completed with its counts, and the next one is incremental and finds nothing new', async () => {
  const dataset = peopleOf(101, 30)
  const [lost, odd] = dataset.contacts
  if (!lost || !odd) throw new Error('the data set is too small')
  const broken = new Map([
    [lost, { ...lost, contact_id: null }],
    [odd, { ...odd, tags: 'VIP' }],
  ])
  const merchant = await start(dataset, { broken, rangeEnd })
  const first = await merchant.sync({ pageSize })
  const [run] = await merchant.runs()
  expect(run).toMatchObject({
    mode: 'full',
    status: 'completed',
    error: null,
    pages: sum(first, 'pages'),
    items: dataset.contacts.length - 1 + dataset.chats.length,
    created: sum(first, 'created'),
    updated: sum(first, 'updated', 'upgraded'),
    unchanged: sum(first, 'unchanged', 'skipped'),
    failed: 1,
    rejected: 1,
    rejected_by: { malformed: 1 },
  })
  expect(run?.items).toBe(sum(first, 'records'))
  expect(run?.created).toBeGreaterThan(dataset.chats.length)
  expect(await merchant.alarms()).toMatchObject([{ check: 'dead_letters' }])

  merchant.simulator.setFaults(() => undefined)
  broken.clear()
  await merchant.sync()
  const again = await merchant.sync()
  expect(again).toMatchObject({ status: 200, body: { hasMore: false } })
  const third = (await merchant.runs()).at(-1)
  expect(third).toMatchObject({ mode: 'incremental', status: 'completed', created: 0, updated: 0, failed: 0 })
  expect(third).toMatchObject({ items: sum(again, 'records'), unchanged: sum(again, 'records') })
})

test('a run with nothing new asks once a day of the last two weeks, and writes no row of anybody’s', async () => {
  const merchant = await start(peopleOf(102, 30), { settings: {} })
  await merchant.sync()
  const versions = async () => {
    const tables = ['contacts', 'contact_identities', 'conversations', 'messages', 'raw_records', 'dead_letters']
    const text = tables.map((name) => `select '${name} ' || t.ctid || ' ' || t.xmin as row from crm.${name} t`)
    return (await stack.database.pool.query(`${text.join(' union all ')} order by 1`)).rows
  }
  const before = await versions()
  merchant.simulator.requests.length = 0
  expect(await merchant.sync()).toMatchObject({ status: 200, body: { hasMore: false } })
  const asked = merchant.simulator.requests.map(({ endpoint }) => endpoint)
  expect([...new Set(asked)].map((name) => [name, asked.filter((other) => other === name).length])).toEqual([
    ['token', 1],
    ['contacts', 2],
    ['chats', 15],
  ])
  expect(await versions()).toEqual(before)
})

test('I13: of ten syncs that begin at once one runs, and the others are told who does and until when', async () => {
  const merchant = await start(peopleOf(103, 10))
  const { promise, resolve: others } = Promise.withResolvers<void>()
  let refused = 0
  const fetchLast: typeof fetch = async (input, init) => {
    await promise
    return fetch(input, init)
  }
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const answer = await merchant.sync({ fetch: fetchLast })
      if (answer.status === 409) refused += 1
      if (refused === 9) others()
      return answer
    }),
  )
  const held = { code: 'lock_held', heldBy: expect.stringContaining('b2chat-sync '), expiresAt: expect.any(String) }
  expect(answers.toSorted((a, b) => a.status - b.status)).toMatchObject([
    { status: 200, body: { hasMore: false } },
    ...Array.from({ length: 9 }, () => ({ status: 409, body: held })),
  ])
  expect(await merchant.runs()).toMatchObject([{ status: 'completed' }])
})

test('I14: out of budget it is paused, may go on at once, and is one run to its end', async () => {
  const dataset = peopleOf(104, 30)
  const merchant = await start(dataset, { rangeEnd })
  const first = await merchant.sync({ maxRecords: 10, pageSize })
  expect(first).toMatchObject({ status: 200, body: { hasMore: true } })
  expect(await merchant.runs()).toMatchObject([
    { status: 'paused', error: null, rest: null, pages: sum(first, 'pages') },
  ])
  await merchant.syncAll({ maxRecords: 20, pageSize })
  const [run, ...others] = await merchant.runs()
  expect(others).toEqual([])
  expect(run).toMatchObject({ status: 'completed', items: dataset.contacts.length + dataset.chats.length })
})

describe('a run that B2Chat refuses', () => {
  test.each<[string, Parameters<typeof scriptedFaults>[0], string, string]>([
    ['its credentials', { token: { 1: status(401), 2: status(401) } }, 'reconnect', 'reconnect'],
    ['a fresh token too', { contacts: { 1: { kind: 'revoke' }, 2: { kind: 'revoke' } } }, 'reconnect', 'reconnect'],
    ['what it may not read', { contacts: { 1: status(403) } }, 'permission', 'sync_failing'],
    ['anything else', { contacts: { 1: status(400) } }, 'invalid', 'sync_failing'],
    [
      'one export, while the other is away',
      {
        contacts: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i + 1, status(503)])),
        chats: { 1: status(403) },
      },
      'permission',
      'sync_failing',
    ],
  ])('for %s has failed, and somebody is called', async (_name, script, code, check) => {
    const merchant = await start(peopleOf(105, 10), { faults: scriptedFaults(script) })
    const answer = await merchant.sync({ budget: 10_000_000 })
    expect(answer).toMatchObject({ status: 502, body: { code: 'provider_refused' } })
    const [run] = await merchant.runs()
    expect(run).toMatchObject({ status: 'failed', error_code: code, rest: null })
    expect(run?.error).toMatch(/^[a-z]+: B2Chat answered \d+ to [A-Z]+ \/[a-z/]+\.$/)
    expect(await merchant.alarms()).toMatchObject([{ check, detail: { resources: [merchant.resource] } }])

    // Once that is corrected, the next call is another run, and nobody is called any more.
    merchant.simulator.setFaults(() => undefined)
    await merchant.syncAll()
    expect((await merchant.runs()).map((one) => one.status)).toEqual(['failed', 'completed'])
    expect(await merchant.alarms()).toEqual([])
  })
})

describe('a run that fails for a while', () => {
  test.each<[string, number, string, number]>([
    ['a limit, for as long as B2Chat says', 429, 'throttled', 1200],
    ['an outage, for as long as B2Chat says', 503, 'provider_unavailable', 1200],
  ])('by %s is paused until then, and asks nothing more', async (_name, code, error, rest) => {
    const merchant = await start(peopleOf(106, 10), { faults: () => status(code, '1200') })
    expect(await merchant.sync()).toMatchObject({
      status: 200,
      body: {
        ...{ hasMore: true, status: 'paused' },
        resumeAt: new Date(merchant.clock.now() + rest * 1000).toISOString(),
      },
    })
    expect(merchant.simulator.requests).toHaveLength(1)
    const [run] = await merchant.runs()
    expect(run).toMatchObject({ status: 'paused', error_code: error, stalled_attempts: 1 })
    expect(run?.rest).toBeGreaterThan(rest - 60)
    expect(run?.rest).toBeLessThanOrEqual(rest)
    expect(await merchant.alarms()).toMatchObject([{ check: 'rate_limited' }])
  })

  test('by a limit of which it does not say how long, rests for a minute', async () => {
    const merchant = await start(peopleOf(107, 10), { faults: scriptedFaults({ token: { 1: status(429) } }) })
    await merchant.sync({ retry: { retries: 0, firstWait: 1, longestWait: 1 } })
    expect((await merchant.runs())[0]).toMatchObject({ error_code: 'throttled', rest: expect.closeTo(60, 0) })
  })

  test('within its whole budget is paused, and is repeated ever later while nothing can be read', async () => {
    const merchant = await start(peopleOf(108, 10), { faults: () => status(503) })
    for (const rest of [60, 120, 240]) {
      expect(await merchant.sync({ budget: 20_000 })).toMatchObject({ status: 503 })
      expect(await merchant.runs()).toMatchObject([{ status: 'paused', error_code: 'provider_unavailable', rest }])
    }
    merchant.simulator.setFaults(() => undefined)
    await merchant.syncAll()
    expect(await merchant.runs()).toMatchObject([{ status: 'completed', error: null, stalled_attempts: 0 }])
  })

  test('as its budget ends, after pages that were read, is only out of budget', async () => {
    const merchant = await start(peopleOf(111, 30), {
      faults: ({ endpoint, number }) => (endpoint === 'contacts' && number >= 3 ? status(503) : undefined),
    })
    const answer = await merchant.sync({ budget: 5_000, pageSize })
    expect(answer).toMatchObject({
      status: 200,
      body: { hasMore: true, resumeAt: null, progress: { contacts: { pages: 2, done: false } } },
    })
    expect(await merchant.runs()).toMatchObject([{ status: 'paused', error: null, rest: null }])
  })

  test('in one export only, reads the other once; that is progress once', async () => {
    const dataset = peopleOf(109, 10)
    const merchant = await start(dataset, {
      rangeEnd,
      faults: ({ endpoint }) => (endpoint === 'chats' ? status(503) : undefined),
    })
    const ends = []
    for (let call = 1; call <= 3; call += 1) {
      expect(await merchant.sync({ budget: 10_000_000 })).toMatchObject({ status: 503 })
      ends.push((await merchant.runs())[0]?.stalled_attempts)
    }
    expect(ends).toEqual([0, 1, 2])
    expect(await merchant.count('contacts')).toBeGreaterThan(0)
    merchant.simulator.setFaults(() => undefined)
    await merchant.sync()
    const items = dataset.contacts.length + dataset.chats.length
    expect(await merchant.runs()).toMatchObject([{ status: 'completed', items }])
  })

  test('by the database, is paused when that is there to say so', async () => {
    const merchant = await start(peopleOf(110, 10))
    await stack.database.pool.query(
      `create or replace function public.away() returns trigger language plpgsql as $$
       begin raise exception 'away' using errcode = '53300'; end $$;
       create trigger away before insert on crm.raw_records for each row when (new.entity = 'chats') execute function public.away()`,
    )
    try {
      expect(await merchant.sync()).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
    } finally {
      await stack.database.pool.query('drop function public.away() cascade')
    }
    expect(await merchant.runs()).toMatchObject([{ status: 'paused', error: 'database_unavailable' }])
    expect(await merchant.isLocked()).toBe(false)
    await merchant.syncAll()
    expect(await merchant.runs()).toMatchObject([{ status: 'completed', error: null }])
  })
})
