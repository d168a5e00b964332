import { describe, expect, it } from 'vitest'
import { asSet, collect, conversation, FakeGraph, json, messageIds, NOW, PAGE, refusal } from '../fake-graph.ts'
import { conversations, iso, lists, minutes, now, places, read, sizes, stored, walkOver } from './kit.ts'

describe('what is handed out at once', () => {
  const itemsOf = (pages: Awaited<ReturnType<typeof read>>['pages']) => pages.map(({ items }) => items.length)

  it('is several pages of the list where those are small, with the place after them', async () => {
    const graph = new FakeGraph(conversations(40, 1))
    const { pages } = await read(graph, { sizes: { ...sizes, events: 10, items: 100 } })
    // Pages of four: three of them are enough. What is left at the end is handed out too, with the head that is read again.
    expect(itemsOf(pages).slice(0, 4)).toEqual([12, 12, 12, 5])
    expect(pages[0]?.cursor).toMatchObject({ pass: 'walk', after: '12' })
  })

  it('is not held back when the time is over', async () => {
    const graph = new FakeGraph(conversations(40, 1))
    const { clock, walk } = walkOver(graph, { sizes: { ...sizes, events: 100, items: 100 }, until: now + 1000 })
    graph.before = (_asked, number) => {
      if (number === 4) clock.advance(2000)
      return undefined
    }
    const { pages, summary } = await collect(walk)
    expect(itemsOf(pages)).toEqual([12])
    expect(summary.done).toBe(false)
    expect(pages[0]?.cursor).toEqual(summary.cursor)
  })
})

describe('a full walk', () => {
  it('reads every message of every conversation, and then the head again', async () => {
    const graph = new FakeGraph(conversations(10, 9))
    const { pages, summary } = await read(graph)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(places(graph)).toEqual([null, '4', '8', null, '8'])
    expect(summary).toMatchObject({ done: true, cursor: { pass: 'done', threads: [] } })
    expect(summary.cursor.high_watermark).toBe(iso(minutes(1)))
  })

  it('drains the threads of a list page before the next, several pages of messages in one commit', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 12), conversation('t_1', minutes(20), 7)])
    const { pages } = await read(graph, { sizes: { ...sizes, threads: 1 } })
    expect(graph.asked.slice(0, 6).map(({ node, after, limit }) => [node, after, limit])).toEqual([
      [PAGE, null, 1],
      ['t_0', '2', 3],
      ['t_0', '5', 3],
      ['t_0', '8', 3],
      ['t_0', '11', 3],
      [PAGE, '1', 1],
    ])
    expect(
      pages.slice(0, 3).map(({ items }) => items.map(({ thread_id, events }) => [thread_id, events.length])),
    ).toEqual([[['t_0', 2]], [['t_0', 10]], [['t_1', 2]]])
    expect(pages[1]?.items[0]).toMatchObject({
      participant: { full_name: 'Person t_0', identities: [{ kind: 'psid', scope: PAGE, value: 'PSID_t_0' }] },
      updated_at: minutes(1),
    })
  })

  it('finds what moved to the head while it was read', async () => {
    const graph = new FakeGraph(conversations(12, 1))
    graph.before = (_asked, number) => {
      if (number === 2) graph.say('t_11', now)
      return undefined
    }
    const { pages, summary } = await read(graph)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary.cursor.high_watermark).toBe(NOW.replace('Z', '.000Z'))
  })

  it('reads a conversation whole that it missed at first, however old its messages', async () => {
    const graph = new FakeGraph(conversations(12, 9))
    graph.before = ({ node }) => {
      if (node === PAGE && lists(graph).length === 2) graph.say('t_11', now)
      return undefined
    }
    const { pages } = await read(graph)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('commits no more than one call takes, and moves the cursor with the last part only', async () => {
    const graph = new FakeGraph(conversations(30, 150))
    const { pages } = await read(graph, { sizes: { ...sizes, threads: 30, nested: 150, messages: 200 } })
    const walked = pages.slice(0, 3)
    expect(walked.map(({ cursor }) => cursor?.pass)).toEqual([undefined, undefined, 'done'])
    for (const { items } of pages) {
      expect(items.length).toBeLessThanOrEqual(500)
      expect(items.reduce((count, { events }) => count + events.length, 0)).toBeLessThanOrEqual(2000)
    }
    expect(asSet(messageIds(walked))).toEqual(graph.messageIds)
  })

  it('stores a long thread in commits that are full, not one by one', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 4500)])
    const { pages } = await read(graph, { sizes: { ...sizes, threads: 1, nested: 20, messages: 200 } })
    expect(pages.slice(0, 4).map(({ items }) => items.reduce((count, { events }) => count + events.length, 0))).toEqual(
      [20, 2000, 2000, 480],
    )
    expect(pages.slice(0, 3).map(({ cursor }) => cursor?.threads[0]?.after)).toEqual(['20', '2020', '4020'])
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('of no conversations is soon over', async () => {
    const { pages, summary } = await read(new FakeGraph([]))
    expect(pages.map(({ items, cursor }) => [items, cursor?.pass])).toEqual([[[], 'done']])
    expect(summary).toMatchObject({ done: true, cursor: { high_watermark: null } })
  })

  it('goes on after pages that are empty, and reads again what comes twice', async () => {
    const graph = new FakeGraph(conversations(6, 1))
    graph.before = ({ after }, number) => {
      const next = (cursor: string) => ({ cursors: { after: cursor }, next: 'https://graph.test/' })
      return number === 2 || number === 3 ? json({ data: [], paging: next(after ?? '0') }) : undefined
    }
    const graph2 = new FakeGraph(conversations(6, 1))
    graph2.before = (_asked, number) =>
      number === 1 ? json({ data: [], paging: { cursors: { after: '0' }, next: 'x' } }) : undefined
    for (const one of [graph, graph2]) {
      const { pages } = await read(one)
      expect(asSet(messageIds(pages))).toEqual(one.messageIds)
    }
  })

  it('passes on how many there are, where Graph says so', async () => {
    const graph = new FakeGraph([])
    graph.before = () => json({ data: [], summary: { total_count: 42 } })
    expect((await read(graph)).pages[0]?.totalEstimate).toBe(42)
  })

  it('sets aside what is of a wrong form, in parts that a commit takes', async () => {
    const graph = new FakeGraph([])
    graph.before = () => json({ data: Array.from({ length: 1500 }, (_, i) => ({ id: i })) })
    const { pages } = await read(graph)
    expect(pages.map(({ rejected, cursor }) => [rejected.length, cursor?.pass])).toEqual([
      [1000, undefined],
      [500, 'done'],
    ])
  })
})

describe('the cursor', () => {
  it('after any page leads to the same messages', async () => {
    const graph = new FakeGraph([...conversations(9, 5), conversation('t_deep', minutes(300), 30)])
    const { pages } = await read(graph)
    expect(pages.length).toBeGreaterThan(6)
    for (const [i, { cursor }] of pages.entries()) {
      expect(stored(cursor)).toEqual(cursor)
      const rest = await read(graph, { cursor: stored(cursor) })
      expect(asSet(messageIds([...pages.slice(0, i + 1), ...rest.pages])), `page ${i}`).toEqual(graph.messageIds)
    }
    const done = await read(graph, { cursor: pages.at(-1)?.cursor ?? undefined })
    expect(done).toMatchObject({ pages: [], summary: { done: true } })
  })
})

describe('while a page is being stored', () => {
  it('nothing is asked for: who wants the next one meanwhile asks for it', async () => {
    const graph = new FakeGraph(conversations(9, 1))
    const { walk } = walkOver(graph)
    await walk.next()
    await new Promise(setImmediate)
    expect(graph.asked).toHaveLength(1)
  })

  it('the pages that are asked for then are requested one after the other', async () => {
    const graph = new FakeGraph(conversations(20, 1))
    graph.before = async () => {
      await new Promise(setImmediate)
      return undefined
    }
    const { walk } = walkOver(graph)
    await Promise.all(Array.from({ length: 4 }, () => walk.next()))
    expect(graph.asked).toHaveLength(4)
    expect(graph.mostAtOnce).toBe(1)
  })
})

describe('the end of the time', () => {
  it('returns where the walk is, with what was read handed out', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 30)])
    const { clock, walk } = walkOver(graph, { until: now + 5500 })
    graph.before = () => {
      clock.advance(1000)
      return undefined
    }
    const { pages, summary } = await collect(walk)
    expect(summary).toMatchObject({ done: false, cursor: { pass: 'walk', threads: [{ id: 't_0', after: '14' }] } })
    expect(messageIds(pages)).toHaveLength(14)
    expect(pages.at(-1)?.cursor).toEqual(summary.cursor)
    const rest = await read(graph, { cursor: summary.cursor })
    expect(asSet(messageIds([...pages, ...rest.pages]))).toEqual(graph.messageIds)
  })

  it('comes before anything is asked', async () => {
    const graph = new FakeGraph(conversations(3, 1))
    expect(await read(graph, { until: now })).toMatchObject({ pages: [], summary: { done: false } })
    expect(await read(graph, { signal: AbortSignal.abort() })).toMatchObject({ pages: [], summary: { done: false } })
    expect(graph.asked).toEqual([])
  })

  it('may come while a page is being stored: nothing more is asked for', async () => {
    for (const isAborted of [true, false]) {
      const graph = new FakeGraph(conversations(9, 1))
      const abort = new AbortController()
      const { clock, walk } = walkOver(graph, { until: now + 5000, signal: abort.signal })
      const { value } = await walk.next()
      if (isAborted) abort.abort()
      else clock.advance(5000)
      expect(await walk.next()).toEqual({ done: true, value: { done: false, cursor: value?.cursor } })
      expect(graph.asked).toHaveLength(1)
    }
  })

  it('comes rather than a wait that would outlast it, and says what failed', async () => {
    const graph = new FakeGraph(conversations(9, 1))
    graph.before = (_asked, number) => (number > 1 ? refusal(2, 500) : undefined)
    const { clock, walk } = walkOver(graph, { until: now + 700 })
    expect(await walk.next()).toMatchObject({ value: { cursor: { after: '4' } } })
    await expect(walk.next()).rejects.toMatchObject({ kind: 'retryable', code: 2 })
    expect(clock.waits).toEqual([500])
  })

  it('is no excuse: a refusal that comes with it is thrown', async () => {
    const graph = new FakeGraph(conversations(9, 1))
    const abort = new AbortController()
    graph.before = () => refusal(190, 401)
    const { walk } = walkOver(graph, { signal: abort.signal }, { onUsage: () => abort.abort() })
    await expect(walk.next()).rejects.toMatchObject({ kind: 'token' })
  })
})
