import { describe, expect, it } from 'vitest'
import { type Fault, PASSING_FAULTS, randomFaults, scriptedFaults } from '../../../simulators/graph/faults.ts'
import { ask, askList, ConversationRow, failure, page, readPage, start, threadIds } from './graph-kit.ts'

const world = { conversations: 30, messages: 90, emptyThreads: 0 }
const fields = 'id,updated_time'
const second = (fault: Fault) => scriptedFaults({ conversations: { 2: fault } })

describe('a token', () => {
  it('is needed, and only the right one is good', async () => {
    const simulator = await start({ world, token: 'right' })
    expect(await failure(ask(simulator, `${simulator.pageId}/conversations`, {}, 'wrong'))).toMatchObject({
      status: 401,
      code: 190,
    })
    expect(await failure(fetch(`${simulator.url}/v24.0/${simulator.pageId}/conversations`))).toMatchObject({
      code: 190,
    })
    expect((await askList(simulator)).status).toBe(200)
    expect(simulator.counters()).toMatchObject({ errors: { 190: 2 }, conversations: 3, tokenInUrl: 0 })
  })

  it('expires in mid-run, for good, until there is another', async () => {
    const simulator = await start({ world }, { faults: second({ kind: 'expire token' }) })
    expect((await askList(simulator)).status).toBe(200)
    for (let i = 0; i < 2; i += 1) {
      expect(await failure(askList(simulator))).toMatchObject({ code: 190, error_subcode: 463 })
    }
    simulator.setToken('another')
    expect(await failure(askList(simulator))).toMatchObject({ code: 190, error_subcode: 463 })
    expect((await ask(simulator, `${simulator.pageId}/conversations`, {}, 'another')).status).toBe(200)
  })
})

describe('an error', () => {
  it.each([
    ['unknown', { status: 500, code: 1, is_transient: true }],
    ['too_much_data', { status: 500, code: 1, message: expect.stringContaining('reduce the amount of data') }],
    ['service', { status: 500, code: 2 }],
    ['no_capability', { code: 3 }],
    ['permission', { status: 403, code: 10 }],
    ['permissions', { status: 403, code: 200 }],
    ['session', { code: 102 }],
    ['policy', { status: 400, code: 368 }],
    ['cursor', { status: 400, code: 100 }],
    ['looks_deleted', { code: 100, error_subcode: 33, message: expect.stringContaining('deleted') }],
  ] as const)('%s comes when it is planned, and only then', async (name, expected) => {
    const simulator = await start({ world }, { faults: second({ kind: 'error', name }) })
    expect((await askList(simulator)).status).toBe(200)
    expect(await failure(askList(simulator))).toMatchObject(expected)
    expect((await askList(simulator)).status).toBe(200)
    expect(simulator.counters().errors).toEqual({ [expected.code]: 1 })
  })

  it('can be any other, and a body any JSON', async () => {
    const body = { code: 506, message: '(#506) Duplicate' }
    const simulator = await start({ world }, { faults: second({ kind: 'other error', status: 400, body }) })
    await askList(simulator)
    expect(await failure(askList(simulator))).toMatchObject(body)
    simulator.setFaults(() => ({ kind: 'answer', body: [1] }))
    expect(await (await askList(simulator)).json()).toEqual([1])
  })

  it('of a gateway is no JSON', async () => {
    const simulator = await start({ world }, { faults: second({ kind: 'gateway', status: 502 }) })
    await askList(simulator)
    const answer = await askList(simulator)
    expect(answer.status).toBe(502)
    await expect(answer.json()).rejects.toThrow()
  })
})

describe('a connection', () => {
  it('breaks before the answer', async () => {
    const simulator = await start({ world }, { faults: () => ({ kind: 'refuse' }) })
    await expect(askList(simulator)).rejects.toThrow()
    expect(simulator.counters().conversations).toBe(1)
  })

  it('breaks in the answer', async () => {
    const simulator = await start({ world }, { faults: () => ({ kind: 'cut' }) })
    const answer = await askList(simulator)
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
  })

  it('ends well with half of the JSON', async () => {
    const simulator = await start({ world }, { faults: () => ({ kind: 'half' }) })
    const text = await (await askList(simulator)).text()
    expect(text).toMatch(/^\{"data":\[/)
    expect(() => JSON.parse(text)).toThrow()
  })

  it('never answers', async () => {
    const client = new AbortController()
    const simulator = await start({ world }, { faults: () => ({ kind: 'hang', onHang: () => client.abort() }) })
    const url = `${simulator.url}/v24.0/${simulator.pageId}/conversations`
    await expect(fetch(url, { signal: client.signal })).rejects.toThrow('abort')
  })
})

describe('the counters', () => {
  it('tell how many requests were under way at once, and what was served', async () => {
    const simulator = await start({ world, latency: 30 })
    const began = performance.now()
    await askList(simulator, { limit: 10 })
    expect(performance.now() - began).toBeGreaterThan(28)
    expect(simulator.counters().mostAtOnce).toBe(1)
    await Promise.all([1, 2, 3].map(() => askList(simulator, { limit: 10 })))
    expect(simulator.counters()).toMatchObject({ mostAtOnce: 3, conversations: 4, messages: 0 })
    await ask(simulator, `${simulator.world.list[0]?.id}/messages`, { limit: 1 })
    expect(simulator.counters()).toMatchObject({ messages: 1, served: { conversations: 40, messages: 1 } })
    expect(simulator.requests.map(({ edge, number }) => `${edge} ${number}`)).toEqual([
      ...[1, 2, 3, 4].map((number) => `conversations ${number}`),
      'messages 1',
    ])
  })
})

describe('a page', () => {
  it('comes twice under another cursor, and nothing is missing behind it', async () => {
    const simulator = await start({ world }, { faults: scriptedFaults({ conversations: { 2: { kind: 'repeat' } } }) })
    const first = await page(askList(simulator, { limit: 10, fields }))
    const again = await page(askList(simulator, { limit: 10, fields, after: first.after ?? '' }))
    expect(again.data).toEqual(first.data)
    expect(again.after).not.toBe(first.after)
    const next = await page(askList(simulator, { limit: 10, fields, after: again.after ?? '' }))
    expect(threadIds(next.data)).toEqual(simulator.world.list.slice(10, 20).map(({ id }) => id))
  })

  it('is empty and has a next', async () => {
    const simulator = await start({ world }, { faults: scriptedFaults({ conversations: { 1: { kind: 'empty' } } }) })
    const empty = await page(askList(simulator, { limit: 10, fields }))
    expect(empty.data).toEqual([])
    const next = await page(askList(simulator, { limit: 10, fields, after: empty.after ?? '' }))
    expect(threadIds(next.data)).toEqual(simulator.world.list.slice(0, 10).map(({ id }) => id))
  })

  it('leads to itself', async () => {
    const simulator = await start({ world })
    const { after = '' } = await page(askList(simulator, { limit: 10 }))
    simulator.setFaults(() => ({ kind: 'stuck' }))
    expect(await page(askList(simulator, { limit: 10, after }))).toMatchObject({ data: [], after })
  })

  it('has conversations whose messages are empty at first', async () => {
    const plan = scriptedFaults({ conversations: { 1: { kind: 'empty nested' } } })
    const simulator = await start({ world }, { faults: plan })
    const [row] = (await page(askList(simulator, { fields: 'id,updated_time,messages.limit(5){id,created_time}' })))
      .data
    expect(ConversationRow.parse(row).messages).toMatchObject({ data: [], paging: { next: expect.any(String) } })
    const all = await start({ world }, { faults: plan })
    const read = await readPage(all, 50, 5)
    for (const { id, messages } of all.expected()) expect(read.get(id)?.messages).toHaveLength(messages.length)
  })
})

describe('faults by chance', () => {
  it('are the same for the same seed, of every kind, and never more than allowed together', () => {
    const plan = (seed: number) => {
      const decide = randomFaults(seed, 0.5, undefined, 2)
      return Array.from({ length: 400 }, (_, number) => {
        return decide({ edge: 'messages', number, id: 't_1', query: new URLSearchParams() })?.kind
      })
    }
    expect(plan(1)).toEqual(plan(1))
    expect(plan(1)).not.toEqual(plan(2))
    expect(new Set(plan(1).filter(Boolean))).toEqual(new Set(PASSING_FAULTS.map(({ kind }) => kind)))
    const isTooLong = plan(1).some((kind, i, all) => kind && all[i + 1] && all[i + 2])
    expect(isTooLong).toBe(false)
  })

  it('can be asked for in plain JSON', async () => {
    const simulator = await start({ world, chaos: { seed: 4, part: 1, mostInARow: 1000 } })
    for (let i = 0; i < 40; i += 1)
      await askList(simulator)
        .then((answer) => answer.text())
        .catch(() => undefined)
    expect(simulator.counters().errors).toMatchObject({ 1: expect.any(Number), 2: expect.any(Number) })
  })
})
