import { describe, expect, it } from 'vitest'
import { GraphError } from '../../../../../src/channels/messenger/graph/errors.ts'
import { asSet, conversation, FakeGraph, messageIds, PAGE, refusal } from '../fake-graph.ts'
import { conversations, lists, minutes, now, StoredRun, sizes, walkOver } from './kit.ts'

/** Threads on one page of the list, whose messages go on. */
const deep = (count: number) => Array.from({ length: count }, (_, i) => conversation(`t_${i}`, minutes(20 * i + 1), 9))

/** Stretches of one run, each of which goes on from what the one before has stored; a failure ends a stretch. */
class Stretches {
  readonly #graph: FakeGraph
  readonly #run = new StoredRun()
  readonly ends: unknown[] = []

  constructor(graph: FakeGraph) {
    this.#graph = graph
  }

  get pages() {
    return this.#run.pages
  }

  get cursor() {
    return this.#run.cursor
  }

  get rejected() {
    return this.pages.flatMap(({ rejected }) => rejected)
  }

  /** What the stretch ended with: `done`, or the kind of the failure. */
  async next(): Promise<unknown> {
    const { walk } = walkOver(this.#graph, { cursor: this.cursor, sizes: { ...sizes, threads: 10 } })
    const end = await this.#run.store(walk).then(
      (summary) => (summary?.done ? 'done' : 'paused'),
      (error: unknown) => (error instanceof GraphError ? error.kind : error),
    )
    this.ends.push(end)
    return end
  }
}

describe('a thread that may not be read', () => {
  it.each([
    [10, 403],
    [200, 403],
    [299, 400],
  ])('is set aside once the list shows that others may: code %i', async (code, status) => {
    const graph = new FakeGraph(deep(3))
    graph.before = ({ node }) => (node === 't_1' ? refusal(code, status) : undefined)
    const run = new Stretches(graph)
    expect(await run.next()).toBe('done')
    expect(run.rejected).toMatchObject([
      { reason: 'unreadable_thread', item: { thread_id: 't_1', error: { kind: 'permission', code } } },
    ])
    expect(graph.asked.filter(({ node }) => node === 't_1')).toHaveLength(1)
    expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds.filter((id) => !/^m_t_1_[0-6]/.test(id)))
  })

  it('is kept for later where nothing may be read any more', async () => {
    const graph = new FakeGraph(deep(3))
    graph.before = (_asked, number) => (number > 1 ? refusal(200, 403) : undefined)
    const run = new Stretches(graph)
    expect(await run.next()).toBe('permission')
    expect(run.rejected).toEqual([])
    graph.before = () => undefined
    expect(await run.next()).toBe('done')
    expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds)
  })
})

describe('a thread that fails again and again', () => {
  it.each([1, 2])('is set aside the third time, though Graph answers everything else: code %i', async (code) => {
    const graph = new FakeGraph([
      ...deep(1),
      ...Array.from({ length: 20 }, (_, i) => conversation(`s_${i}`, minutes(30 + i), 1)),
    ])
    graph.before = ({ node }) => (node === 't_0' ? refusal(code, 500) : undefined)
    const run = new Stretches(graph)
    expect([await run.next(), await run.next(), await run.next()]).toEqual(['retryable', 'retryable', 'done'])
    expect(run.rejected).toMatchObject([
      { reason: 'unreadable_thread', item: { thread_id: 't_0', error: { kind: 'retryable', code } } },
    ])
    expect(asSet(messageIds(run.pages))).toHaveLength(20 + 2)
  })

  it('once set aside is not asked for again in the same run, however often the head is read again', async () => {
    const graph = new FakeGraph([...deep(1), ...conversations(30, 1).slice(2)])
    graph.before = ({ node }) => (node === 't_0' ? refusal(1, 500) : undefined)
    const run = new Stretches(graph)
    while (run.ends.at(-1) !== 'done' && run.ends.length < 9) await run.next()
    expect(run.ends).toEqual(['retryable', 'retryable', 'done'])
    expect(run.cursor).toMatchObject({ rescans: 1, given_up: ['t_0'] })
    expect(graph.asked.filter(({ node }) => node === 't_0')).toHaveLength(3 * 6)
  })

  it.each([1, 2, 3])('is one of several that are not asked for again: %i', async (count) => {
    const graph = new FakeGraph([...deep(count), ...conversations(30, 1).slice(count + 1)])
    graph.before = ({ node }) => (node !== PAGE ? refusal(1, 500) : undefined)
    const run = new Stretches(graph)
    while (run.ends.at(-1) !== 'done' && run.ends.length < 20) await run.next()
    const sick = Array.from({ length: count }, (_, i) => `t_${i}`)
    expect(run.cursor).toMatchObject({ rescans: 1 })
    expect(run.cursor?.given_up?.toSorted()).toEqual(sick)
    expect(run.rejected.map(({ item }) => item)).toHaveLength(count)
  })

  it('waits until the others of its page are read', async () => {
    const graph = new FakeGraph(deep(4))
    graph.before = ({ node }) => (node === 't_0' ? refusal(1, 500) : undefined)
    const run = new Stretches(graph)
    expect(await run.next()).toBe('retryable')
    expect(run.cursor?.threads).toMatchObject([{ id: 't_0', failures: 2 }])
    expect(await run.next()).toBe('done')
    expect(run.rejected).toMatchObject([{ item: { thread_id: 't_0' } }])
    // The whole list, and twice whether it is the thread that fails: then the walk is over.
    expect(lists(graph).map(({ limit }) => limit)).toEqual([10, 1, 1])
    expect(asSet(messageIds(run.pages))).toHaveLength(2 + 3 * 9)
  })

  it('stands in doubt, which is stored and said, where the time ends with it', async () => {
    const graph = new FakeGraph(deep(3))
    const { clock, walk } = walkOver(graph, { sizes: { ...sizes, threads: 10 }, until: now + 15_000 })
    graph.before = ({ node }) => {
      if (node === PAGE) return undefined
      clock.advance(10_000)
      return refusal(2, 500)
    }
    const run = new StoredRun()
    await expect(run.store(walk)).rejects.toMatchObject({ kind: 'retryable', code: 2 })
    expect(run.cursor?.threads.map(({ id, doubt }) => [id, doubt?.code])).toEqual([
      ['t_1', undefined],
      ['t_2', undefined],
      ['t_0', 2],
    ])
  })

  it('is not said where something else was answered since', async () => {
    const graph = new FakeGraph(deep(3))
    const { clock, walk } = walkOver(graph, { sizes: { ...sizes, threads: 10 }, until: now + 45_000 })
    graph.before = ({ node }) => {
      clock.advance(node === PAGE ? 0 : 10_000)
      return node === 't_0' ? refusal(2, 500) : undefined
    }
    const run = new StoredRun()
    expect(await run.store(walk)).toMatchObject({ done: false })
    expect(run.cursor?.threads).toContainEqual(expect.objectContaining({ id: 't_0', failures: 1 }))
  })

  it('is not said either once it is given up and the list goes on', async () => {
    const graph = new FakeGraph([...deep(1), ...conversations(30, 1).slice(1)])
    graph.before = ({ node }) => (node === 't_0' ? refusal(2, 500) : undefined)
    const run = new Stretches(graph)
    expect([await run.next(), await run.next()]).toEqual(['retryable', 'retryable'])
    const { clock, walk } = walkOver(graph, { cursor: run.cursor, until: now + 60_000 })
    graph.before = ({ node, limit }) => {
      if (node === 't_0') return refusal(2, 500)
      clock.advance(limit === 1 ? 0 : 60_000)
      return undefined
    }
    const last = new StoredRun()
    expect(await last.store(walk)).toMatchObject({ done: false })
    expect(last.pages.flatMap(({ rejected }) => rejected)).toMatchObject([{ item: { thread_id: 't_0' } }])
  })

  it('is none that comes at last', async () => {
    const graph = new FakeGraph(deep(3))
    let failures = 14
    graph.before = ({ node }) => (node === 't_0' && failures-- > 0 ? refusal(1, 500) : undefined)
    const run = new Stretches(graph)
    while (run.ends.at(-1) !== 'done' && run.ends.length < 5) await run.next()
    expect(run.ends).toEqual(['retryable', 'done'])
    expect(run.rejected).toEqual([])
    expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds)
  })

  it('is set aside with the others that do, also when they are all that is left', async () => {
    const graph = new FakeGraph(deep(5))
    const sick = ['t_0', 't_1', 't_3']
    graph.before = ({ node }) => (sick.includes(node) ? refusal(1, 500) : undefined)
    const run = new Stretches(graph)
    while (run.ends.at(-1) !== 'done' && run.ends.length < 20) await run.next()
    expect(run.ends.at(-1)).toBe('done')
    expect(run.rejected.map(({ item }) => item)).toMatchObject(
      ['t_0', 't_1', 't_3'].map((thread_id) => expect.objectContaining({ thread_id })),
    )
    expect(asSet(messageIds(run.pages))).toHaveLength(3 * 2 + 2 * 9)
  })
})

describe('an outage of Graph', () => {
  it.each([1, 2, 5])('sets nothing aside, however long it lasts: %i threads', async (count) => {
    const graph = new FakeGraph(deep(count))
    graph.before = (_asked, number) => (number > 1 ? refusal(2, 503) : undefined)
    const run = new Stretches(graph)
    for (let n = 0; n < 12; n += 1) expect(await run.next()).toBe('retryable')
    // Whoever compares the places sees that nothing comes of it.
    const { cursor } = run
    expect(await run.next()).toBe('retryable')
    expect(run.cursor).toEqual(cursor)
    expect(run.cursor?.threads.map(({ failures }) => failures ?? 0)).toEqual(Array.from({ length: count }, () => 0))
    graph.before = () => undefined
    expect(await run.next()).toBe('done')
    expect(run.rejected).toEqual([])
    expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds)
  })

  it('asks for two things in vain at most, and then lets it be', async () => {
    const graph = new FakeGraph(deep(5))
    graph.before = (_asked, number) => (number > 1 ? refusal(2, 503) : undefined)
    await new Stretches(graph).next()
    expect(graph.asked).toHaveLength(1 + 2 * 6)
    expect(graph.asked.filter(({ node }) => node === PAGE)).toHaveLength(1)
  })

  it('with a time at which it ends is waited for, and no other thread is asked for', async () => {
    const graph = new FakeGraph(deep(5))
    graph.before = ({ node }) =>
      node === PAGE ? undefined : new Response('', { status: 503, headers: { 'retry-after': '60' } })
    const run = new Stretches(graph)
    expect(await run.next()).toBe('retryable')
    expect(new Set(graph.asked.map(({ node }) => node))).toEqual(new Set([PAGE, 't_0']))
    expect(run.cursor?.threads).toHaveLength(5)
  })
})
