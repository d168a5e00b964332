import { describe, expect, it } from 'vitest'
import { B2ChatError } from '../../../../src/channels/b2chat/errors.ts'
import { type Fault, randomFaults, scriptedFaults } from '../../../simulators/b2chat/faults.ts'
import { CLIENT } from '../../../simulators/b2chat/server.ts'
import { allIds, asSet, collect, exportOf, FROM, ids, oneDay, smallDataset, startRun } from './client-kit.ts'
import type { ManualClock } from './manual-clock.ts'

const status = (status: number, retryAfter?: string): Fault => ({
  kind: 'status',
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
})

/** 30 contacts of one day, all read, with these faults of the n-th request. */
async function withFaults(script: Record<number, Fault>) {
  const run = await startRun({
    dataset: oneDay(30),
    faults: scriptedFaults({ contacts: script }),
    rangeEnd: 'exclusive',
  })
  const { pages, summary } = await collect(exportOf(run.client, 'contacts', { includeToday: false }))
  expect(ids(pages)).toEqual(allIds(run.simulator.dataset, 'contacts'))
  expect(summary).toMatchObject({ done: true, unsettled: [] })
  return run
}

describe('a token that ends in mid-run', () => {
  it('is replaced once, and the page asked for again', async () => {
    const { simulator, clock } = await withFaults({ 2: { kind: 'revoke' } })
    expect(simulator.requests.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(2)
    expect(clock.waits).toEqual([])
  })

  it('is an error when the new one is refused as well', async () => {
    const faults = scriptedFaults({ contacts: { 2: status(401), 3: status(401) } })
    const { client, simulator } = await startRun({ faults })
    const refused = { name: 'B2ChatError', code: 'unauthorized', status: 401 }
    await expect(collect(exportOf(client, 'contacts'))).rejects.toMatchObject(refused)
    expect(simulator.requests.map(({ endpoint }) => endpoint)).toEqual([
      'token',
      'contacts',
      'contacts',
      'token',
      'contacts',
    ])
  })

  it('is replaced before it ends, where its end is known', async () => {
    const { client, clock, simulator } = await startRun({ tokenLife: 600 })
    const pages = exportOf(client, 'contacts')
    await pages.next()
    clock.advance(550_000)
    await collect(pages)
    const endpoints = simulator.requests.map(({ endpoint }) => endpoint)
    expect(endpoints.slice(0, 4)).toEqual(['token', 'contacts', 'token', 'contacts'])
    expect(simulator.requests.filter(({ endpoint }) => endpoint === 'contacts')).toHaveLength(6)
  })
})

describe('429', () => {
  it('is waited for as long as B2Chat says, in seconds or until a date', async () => {
    const { clock } = await withFaults({ 1: status(429, '7'), 2: status(429, 'Tue, 06 Jan 2026 12:00:40 GMT') })
    expect(clock.waits).toEqual([7000, 33_000])
  })

  it('without a word is waited for longer each time, by chance, and not beyond the longest wait', async () => {
    const script = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i + 1, status(429)]))
    const { clock, asked } = await withFaults(script)
    expect(clock.waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000])
    expect(
      asked('contacts')
        .slice(0, 9)
        .every(({ limit }) => limit === 1000),
    ).toBe(true)
  })
})

describe('a page that is too much', () => {
  it.each<[string, (clock: () => ManualClock) => Fault]>([
    ['500', () => status(500)],
    ['504', () => status(504)],
    ['a cut body', () => ({ kind: 'cut' })],
    ['half a body', () => ({ kind: 'half' })],
    ['no answer', (clock) => ({ kind: 'hang', onHang: () => clock().advance(60_000) })],
  ])('is asked for again smaller: %s', async (_name, fault) => {
    const run = await startRun({ dataset: oneDay(250), rangeEnd: 'exclusive' })
    const tooMuch = fault(() => run.clock)
    run.simulator.setFaults(({ endpoint, query }) =>
      endpoint === 'contacts' && Number(query.get('limit')) > 101 ? tooMuch : undefined,
    )
    const { pages, summary } = await collect(exportOf(run.client, 'contacts', { includeToday: false }))
    expect(ids(pages)).toEqual(allIds(run.simulator.dataset, 'contacts'))
    expect(summary.unsettled).toEqual([])
    expect(run.asked('contacts').slice(0, 6)).toEqual([
      { offset: 0, limit: 1000 },
      { offset: 0, limit: 500 },
      { offset: 0, limit: 200 },
      { offset: 0, limit: 100 },
      { offset: 99, limit: 101 },
      { offset: 199, limit: 101 },
    ])
  })

  it('in the middle of a day keeps its place, and grows again after ten good pages', async () => {
    const run = await startRun({ dataset: oneDay(120), rangeEnd: 'exclusive' }, { pageSize: { contacts: 10 } })
    run.simulator.setFaults(scriptedFaults({ contacts: { 3: status(503) } }))
    const { pages } = await collect(exportOf(run.client, 'contacts', { includeToday: false }))
    expect(ids(pages)).toEqual(allIds(run.simulator.dataset, 'contacts'))
    const asked = run.asked('contacts')
    expect(asked.slice(1, 5)).toEqual([
      { offset: 9, limit: 11 },
      { offset: 19, limit: 11 },
      { offset: 19, limit: 6 },
      { offset: 24, limit: 6 },
    ])
    expect(asked.slice(3, 13).every(({ limit }) => limit === 6)).toBe(true)
    expect(asked[13]).toEqual({ offset: 69, limit: 11 })
  })

  it('is an error once the retries are used up; the last page says where to go on', async () => {
    const run = await startRun({ dataset: oneDay(30) }, { pageSize: { contacts: 10 } })
    run.simulator.setFaults(({ number }) => (number > 1 ? status(500) : undefined))
    const pages = exportOf(run.client, 'contacts')
    const { value } = await pages.next()
    await expect(pages.next()).rejects.toMatchObject({ code: 'provider_error', status: 500 })
    expect(run.asked('contacts')).toHaveLength(10)
    run.simulator.setFaults(() => undefined)
    const cursor = value && 'window' in value ? value.cursor : undefined
    expect(cursor).toMatchObject({ window: FROM, offset: 10 })
    const rest = await collect(exportOf(run.client, 'contacts', { cursor }))
    expect(ids(rest.pages)).toEqual(allIds(run.simulator.dataset, 'contacts').slice(10))
  })
})

describe('what repeating would not change', () => {
  it.each([
    [400, 'bad_request'],
    [403, 'forbidden'],
    [404, 'refused'],
    [302, 'refused'],
  ])('%i is an error at once', async (code, name) => {
    const run = await startRun({ faults: scriptedFaults({ chats: { 1: status(code, '5') } }) })
    await expect(collect(exportOf(run.client, 'chats'))).rejects.toMatchObject({ code: name, status: code })
    expect(run.asked('chats')).toHaveLength(1)
    expect(run.clock.waits).toEqual([])
  })

  it.each([{ message: 'try later', trace_id: 'x' }, { contacts: {} }, [], null, 'ok'])(
    'JSON that is no export is an error: %j',
    async (body) => {
      const { client } = await startRun({ faults: scriptedFaults({ contacts: { 1: { kind: 'answer', body } } }) })
      await expect(collect(exportOf(client, 'contacts'))).rejects.toMatchObject({ code: 'unexpected_answer' })
    },
  )

  it('wrong credentials are an error of their own', async () => {
    const { client } = await startRun({ clientSecret: 'another' })
    await expect(collect(exportOf(client, 'contacts'))).rejects.toMatchObject({ code: 'bad_credentials', status: 401 })
  })

  it('is told without credentials, tokens or anybody’s data', async () => {
    const faults: Fault[] = [
      status(403),
      status(500),
      { kind: 'half' },
      { kind: 'cut' },
      { kind: 'answer', body: { chats: 'Ana' } },
    ]
    for (const fault of faults) {
      const { client } = await startRun({ faults: ({ endpoint }) => (endpoint === 'chats' ? fault : undefined) })
      const error: unknown = await collect(exportOf(client, 'chats')).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(B2ChatError)
      const told = error instanceof Error ? `${error.message} ${JSON.stringify(error)} ${String(error.cause)}` : ''
      expect(told).toMatch(/GET \/chats\/export/)
      for (const secret of [CLIENT.clientSecret, CLIENT.clientId, 'token-1', 'Ana', '+573', 'example.com']) {
        expect(told).not.toContain(secret)
      }
    }
  })
})

describe('a server that is not there', () => {
  it('is tried again, and then an error that shrinks no page', async () => {
    const calls: string[] = []
    const gone: typeof fetch = async (input) => {
      const url = new URL(String(input))
      calls.push(url.pathname)
      if (url.pathname === '/oauth/token') return Response.json({ access_token: 'a', expires_in: 60 })
      expect(url.searchParams.get('limit')).toBe('1000')
      throw new TypeError('fetch failed')
    }
    const retry = { retries: 2, firstWait: 10, longestWait: 10 }
    const { client, clock } = await startRun({}, { fetch: gone, retry })
    await expect(collect(exportOf(client, 'contacts'))).rejects.toMatchObject({
      code: 'connection_failed',
      status: null,
    })
    expect(calls).toHaveLength(4)
    expect(clock.waits).toEqual([5, 5])
  })
})

describe('the time budget', () => {
  it('that is over asks for nothing', async () => {
    const { client, clock, simulator } = await startRun()
    const { pages, summary } = await collect(exportOf(client, 'contacts', { until: clock.now() }))
    expect(pages).toEqual([])
    expect(summary).toMatchObject({ done: false, cursor: { entity: 'contacts', window: FROM, offset: 0 } })
    expect(summary).not.toHaveProperty('failure')
    expect(simulator.requests).toEqual([])
  })

  it('is not outlasted by a wait', async () => {
    const { client, clock } = await startRun({ faults: scriptedFaults({ contacts: { 3: status(429, '30') } }) })
    const { pages, summary } = await collect(exportOf(client, 'contacts', { until: clock.now() + 20_000 }))
    expect(pages).toHaveLength(2)
    expect(summary).toMatchObject({
      done: false,
      cursor: pages[1]?.cursor,
      failure: { code: 'rate_limited', retryAfter: 30_000 },
    })
    expect(clock.waits).toEqual([])
  })

  it.each(['contacts', 'token'] as const)('is not outlasted by an answer that does not come: %s', async (endpoint) => {
    const run = await startRun()
    const hang: Fault = { kind: 'hang', onHang: () => run.clock.advance(20_000) }
    run.simulator.setFaults(scriptedFaults({ [endpoint]: { 1: hang } }))
    const { summary } = await collect(exportOf(run.client, 'contacts', { until: run.clock.now() + 20_000 }))
    expect(summary).toMatchObject({ done: false, failure: { code: 'timeout' } })
    expect(run.asked('contacts')).toHaveLength(endpoint === 'contacts' ? 1 : 0)
  })

  it('that ends during the last attempt is no failure', async () => {
    const run = await startRun({}, { retry: { retries: 0, firstWait: 1, longestWait: 1 } })
    const hang: Fault = { kind: 'hang', onHang: () => run.clock.advance(20_000) }
    run.simulator.setFaults(scriptedFaults({ contacts: { 2: hang } }))
    const { pages, summary } = await collect(exportOf(run.client, 'contacts', { until: run.clock.now() + 20_000 }))
    expect(summary).toMatchObject({ done: false, pages: 1, cursor: pages[0]?.cursor })
  })

  it('ends with the caller’s signal, in the middle of an answer', async () => {
    const controller = new AbortController()
    const hang: Fault = { kind: 'hang', onHang: () => controller.abort('no reason') }
    const run = await startRun({ faults: scriptedFaults({ contacts: { 2: hang } }) })
    const { pages, summary } = await collect(exportOf(run.client, 'contacts', { signal: controller.signal }))
    expect(summary).toMatchObject({ done: false, pages: 1, cursor: pages[0]?.cursor })
  })
})

describe.each(['contacts', 'chats'] as const)('a storm of faults over %s', (entity) => {
  it.each([1, 2, 3, 4, 5, 6])('leaves nothing out (seed %i)', async (seed) => {
    const run = await startRun(
      { dataset: smallDataset(150, seed), rangeEnd: seed % 2 ? 'inclusive' : 'exclusive' },
      {
        pageSize: { contacts: 7, chats: 7 },
      },
    )
    const hang: Fault = { kind: 'hang', onHang: () => run.clock.advance(60_000) }
    const faults: readonly [Fault, ...Fault[]] = [
      status(500),
      status(429),
      status(429, '2'),
      { kind: 'cut' },
      { kind: 'half' },
      { kind: 'revoke' },
      hang,
    ]
    run.simulator.setFaults(randomFaults(seed, 0.3, faults))
    const { pages, summary } = await collect(exportOf(run.client, entity))
    expect(asSet(ids(pages))).toEqual(asSet(allIds(run.simulator.dataset, entity)))
    expect(summary).toMatchObject({ done: true, unsettled: [] })
    expect(run.clock.waits.length).toBeGreaterThan(10)
  })
})
