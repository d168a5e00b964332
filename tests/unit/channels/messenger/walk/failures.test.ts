import { describe, expect, it } from 'vitest'
import type { GraphCursor } from '../../../../../src/channels/messenger/walk/cursor.ts'
import { MAX_RESTARTS } from '../../../../../src/channels/messenger/walk/list-pass.ts'
import type { WalkSummary } from '../../../../../src/channels/messenger/walk/walk.ts'
import { asSet, conversation, FakeGraph, json, messageIds, PAGE, refusal, tooMuch } from '../fake-graph.ts'
import { conversations, lists, minutes, places, read, StoredRun, sizes, walkOver } from './kit.ts'

describe('a cursor that Graph does not accept', () => {
  it('restarts the list, and loses nothing', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    graph.before = (_asked, number) => (number === 2 || number === 5 ? refusal(100) : undefined)
    const { pages, summary } = await read(graph)
    expect(places(graph)).toEqual([null, '4', null, '4', '8', null, '4', '8', null, '8'].slice(0, places(graph).length))
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary.cursor.restarts).toBe(2)
  })

  it.each<[string, () => Response]>([
    ['an unknown path', () => refusal(2500)],
    ['an object that is not there', () => refusal(100, 400, 'x', { error_subcode: 33 })],
    ['not found', () => new Response('', { status: 404 })],
    ['another form', () => json({ id: 't_1' })],
    ['no place to go on at', () => json({ data: [], paging: { next: 'nowhere' } })],
  ])('may be refused in other ways: %s', async (_name, answer) => {
    const graph = new FakeGraph(conversations(10, 1))
    graph.before = (_asked, number) => (number === 2 ? answer() : undefined)
    const { pages, summary } = await read(graph)
    expect(places(graph).slice(0, 4)).toEqual([null, '4', null, '4'])
    expect(summary.cursor.restarts).toBe(1)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('that a run before has left ends no later one', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    const first = await walkOver(graph).walk.next()
    const cursor = first.done ? undefined : (first.value.cursor ?? undefined)
    let accepted = false
    graph.before = ({ after }) => {
      if (after === null) accepted = true
      return accepted ? undefined : refusal(2500)
    }
    const { pages, summary } = await read(graph, { cursor })
    expect(summary).toMatchObject({ done: true, cursor: { restarts: 1 } })
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    graph.before = ({ after }) => (after === null ? undefined : refusal(2500))
    await expect(read(graph, { cursor })).rejects.toMatchObject({ kind: 'cursor' })
  })

  it('is one that leads to itself twice in a row', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    graph.before = ({ after }, number) =>
      number > 1 && number < 4 ? json({ data: [], paging: { cursors: { after }, next: 'x' } }) : undefined
    const { pages, summary } = await read(graph)
    expect(places(graph).slice(0, 4)).toEqual([null, '4', '4', null])
    expect(summary.cursor.restarts).toBe(1)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('is one that leads to itself again and again, also where each stretch reads one page', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    graph.before = ({ after }) =>
      after === '4' ? json({ data: [], paging: { cursors: { after }, next: 'x' } }) : undefined
    const run = new StoredRun()
    for (let n = 0; n < 60 && run.cursor?.restarts !== MAX_RESTARTS; n += 1) {
      await run.store(walkOver(graph, { cursor: run.cursor }).walk, 1)
    }
    await expect(read(graph, { cursor: run.cursor })).rejects.toMatchObject({ kind: 'cursor' })
  })

  it('is one that leads to itself although the threads of each page go on', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 9), ...conversations(10, 1).slice(1)])
    const asked = new FakeGraph(graph.conversations)
    graph.before = async ({ node, after, url }, number) => {
      if (node !== PAGE || after === null || number > 12) return undefined
      const page = await (await asked.fetch(url.toString().replace('after=4', 'after=0'))).json()
      return json({ ...page, paging: { cursors: { after }, next: 'x' } })
    }
    const { pages, summary } = await read(graph)
    expect(places(graph).slice(0, 4)).toEqual([null, '4', '4', null])
    expect(summary.cursor.restarts).toBe(1)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it.each([
    [2, 2],
    [3, 3],
    [2, 1],
  ])('is one of a circle of %i pages: the list is begun again, with %i answers a stretch', async (length, most) => {
    const graph = new FakeGraph(conversations(40, 1))
    let restarts = 0
    graph.before = async ({ node, after, url }) => {
      if (node !== PAGE || restarts > 0) return undefined
      const from = Number(after ?? 0)
      // The last page of the circle leads to its first one, which is the list's second.
      const next = from === 4 * length ? 4 : from + 4
      const page = await (await new FakeGraph(graph.conversations).fetch(url)).json()
      return json({ ...page, paging: { cursors: { after: String(next) }, next: 'x' } })
    }
    const run = new StoredRun()
    let summary: WalkSummary | undefined
    for (let n = 0; n < 40 && !summary?.done; n += 1) {
      summary = await run.store(walkOver(graph, { cursor: run.cursor }).walk, most)
      restarts = run.cursor?.restarts ?? 0
    }
    expect(summary).toMatchObject({ done: true, cursor: { restarts: 1 } })
    expect(lists(graph).findLastIndex(({ after }) => after === null)).toBeLessThan(3 * length + 30)
    expect(places(graph).indexOf(null, 1)).toBeLessThanOrEqual(3 * length + 2)
    expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds)
  })

  it('of a thread whose pages lead in a circle sets it aside, and the others are read', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 30), conversation('t_1', minutes(50), 9)])
    graph.before = async ({ node, after, url }) => {
      if (node !== 't_0' || Number(after) < 8) return undefined
      const page = await (await new FakeGraph(graph.conversations).fetch(url)).json()
      return json({ ...page, paging: { cursors: { after: String(Number(after) - 3) }, next: 'x' } })
    }
    const { pages, summary } = await read(graph)
    expect(summary.done).toBe(true)
    expect(graph.asked.filter(({ node }) => node === 't_0').length).toBeLessThan(60)
    expect(pages.flatMap(({ rejected }) => rejected)).toMatchObject([
      { reason: 'unreadable_thread', item: { thread_id: 't_0', error: { kind: 'cursor' } } },
    ])
    expect(asSet(messageIds(pages)).filter((id) => id.startsWith('m_t_1'))).toHaveLength(9)
  })

  it('ends the walk after ten restarts, counted over interruptions', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    graph.before = ({ after }) => (after === null ? undefined : refusal(100))
    let cursor: GraphCursor | undefined
    const restarts: number[] = []
    while (cursor?.restarts !== MAX_RESTARTS) {
      // One page each time, and then the process dies.
      const step = await walkOver(graph, { cursor }).walk.next()
      if (step.done) throw new Error('the walk ended')
      cursor = step.value.cursor ?? undefined
      restarts.push(cursor?.restarts ?? -1)
    }
    expect(restarts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await expect(read(graph, { cursor })).rejects.toMatchObject({ kind: 'cursor' })
  })

  it('of a thread that leads to itself begins the thread again', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 9)])
    let turns = 2
    graph.before = ({ node, after }) =>
      node === 't_0' && after === '5' && turns-- > 0
        ? json({ data: [], paging: { cursors: { after }, next: 'x' } })
        : undefined
    const { pages, summary } = await read(graph)
    const asked = graph.asked.filter(({ node }) => node === 't_0').map(({ after }) => after)
    expect(asked.slice(0, 6)).toEqual(['2', '5', '5', null, '3', '6'])
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary).toMatchObject({ done: true, cursor: { restarts: 0 } })
  })

  it('restarts a thread from its top, and sets it aside when that does not help', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 9), conversation('t_1', minutes(50), 9)])
    let refused = 0
    graph.before = ({ node, after }) => {
      if (node === 't_0' && after === '2' && refused === 0) {
        refused += 1
        return refusal(100)
      }
      return node === 't_1' && after !== null ? refusal(100) : undefined
    }
    const { pages, summary } = await read(graph)
    const of = (node: string) => graph.asked.filter((asked) => asked.node === node).map(({ after }) => after)
    expect(of('t_0').slice(0, 4)).toEqual(['2', null, '3', '6'])
    expect(of('t_1')).toEqual(['2', null, '3', null, '3', null, '3'])
    const unreadable = {
      what: 'conversations',
      reason: 'unreadable_thread',
      path: '$.error',
      item: { thread_id: 't_1' },
    }
    expect(pages.flatMap(({ rejected }) => rejected)).toMatchObject([unreadable])
    expect(asSet(messageIds(pages)).filter((id) => id.startsWith('m_t_0'))).toHaveLength(9)
    expect(summary).toMatchObject({ done: true, cursor: { restarts: 0 } })
  })
})

describe('less data', () => {
  it('is asked for in smaller pages, from the beginning of the list', async () => {
    const graph = new FakeGraph(conversations(10, 3))
    graph.before = ({ node, limit, after }) => (node === PAGE && limit > 1 && after !== null ? tooMuch() : undefined)
    const { pages, summary } = await read(graph)
    expect(
      lists(graph)
        .slice(0, 7)
        .map(({ after, limit, nested }) => [after, limit, nested]),
    ).toEqual([
      [null, 4, 2],
      ['4', 4, 2],
      [null, 2, 1],
      ['2', 2, 1],
      [null, 1, 1],
      ['1', 1, 1],
      ['2', 1, 1],
    ])
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary.cursor).toMatchObject({ limit: { threads: 1, nested: 1, messages: 3 }, restarts: 0 })
  })

  it('than one conversation with one message cannot be asked for', async () => {
    const graph = new FakeGraph(conversations(10, 3))
    graph.before = tooMuch
    await expect(read(graph)).rejects.toMatchObject({ kind: 'too_much_data' })
    expect(lists(graph).map(({ limit }) => limit)).toEqual([4, 2, 1])
  })

  it('of a thread is asked for of that thread only; one that fails to the end is set aside', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 8), conversation('t_1', minutes(50), 9)])
    graph.before = ({ node, limit }) => (node === 't_0' && limit > 1 ? tooMuch() : undefined)
    const { pages } = await read(graph, { sizes: { ...sizes, messages: 4 } })
    const of = (node: string) =>
      graph.asked.filter((asked) => asked.node === node).map(({ after, limit }) => [after, limit])
    expect(of('t_0').slice(0, 4)).toEqual([
      ['2', 4],
      [null, 2],
      [null, 1],
      ['1', 1],
    ])
    expect(of('t_1')[0]).toEqual(['2', 4])
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)

    graph.before = ({ node }) => (node === 't_0' ? tooMuch() : undefined)
    const again = await read(graph)
    expect(again.pages.flatMap(({ rejected }) => rejected)[0]).toMatchObject({
      item: { thread_id: 't_0', error: { kind: 'too_much_data' } },
    })
    expect(again.summary.done).toBe(true)
  })
})

describe('a thread', () => {
  it('whose older messages Graph does not show is read as far as it does', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 9), conversation('t_1', minutes(50), 9)])
    graph.before = ({ node, after }) =>
      node === 't_0' && after !== null ? refusal(100, 400, 'deleted', { error_subcode: 33 }) : undefined
    const { pages, summary } = await read(graph)
    expect(summary.done).toBe(true)
    expect(pages.flatMap(({ rejected }) => rejected)).toEqual([])
    expect(asSet(messageIds(pages))).toHaveLength(2 + 9)
  })

  it('that is gone when the list names no place to go on is set aside', async () => {
    const graph = new FakeGraph([])
    const gone = {
      id: 't_gone',
      updated_time: '2026-11-20T11:00:00+0000',
      messages: { data: [], paging: { next: 'nowhere' } },
    }
    graph.before = ({ node }) => (node === PAGE ? json({ data: [gone] }) : undefined)
    const { pages, summary } = await read(graph)
    expect(pages.flatMap(({ rejected }) => rejected)[0]).toMatchObject({
      item: { thread_id: 't_gone', participant: null, error: { kind: 'invalid', code: 100, subcode: 33 } },
    })
    expect(summary.done).toBe(true)
  })
})

describe('a failure the walk cannot get past', () => {
  it('is thrown after everything read before it was handed out', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 9)])
    graph.before = ({ after }) => (after === '5' ? refusal(190, 401) : undefined)
    const { walk } = walkOver(graph)
    const pages = [(await walk.next()).value, (await walk.next()).value]
    expect(pages[1]).toMatchObject({
      items: [{ events: [{}, {}, {}] }],
      cursor: { threads: [{ id: 't_0', after: '5' }] },
    })
    await expect(walk.next()).rejects.toMatchObject({ kind: 'token', code: 190 })
  })

  it('may be a list that does not say where it goes on', async () => {
    const graph = new FakeGraph([])
    graph.before = () => json({ data: [{ id: 't_0' }], paging: { next: 'nowhere' } })
    const { walk } = walkOver(graph)
    expect((await walk.next()).value).toMatchObject({ items: [{ thread_id: 't_0' }], cursor: { after: null } })
    await expect(walk.next()).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('may be the rate limit', async () => {
    const graph = new FakeGraph(conversations(10, 1))
    const error = new Error('the bucket is empty')
    const { walk } = walkOver(
      graph,
      {},
      { acquire: () => (graph.asked.length < 1 ? Promise.resolve() : Promise.reject(error)) },
    )
    expect((await walk.next()).done).toBe(false)
    await expect(walk.next()).rejects.toBe(error)
  })
})
