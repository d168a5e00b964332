import { describe, expect, it } from 'vitest'
import { MAX_RESCANS } from '../../../../../src/channels/messenger/walk/list-pass.ts'
import { asSet, conversation, FakeGraph, json, messageIds, PAGE, time, tooMuch } from '../fake-graph.ts'
import { conversations, iso, lists, minutes, now, read, runAfter, sizes } from './kit.ts'

/** So many conversations of one second. */
const broadcast = (count: number, at: number) => Array.from({ length: count }, (_, i) => conversation(`b_${i}`, at, 1))

describe('the head is settled', () => {
  it('where Graph lists no more than one conversation at a time', async () => {
    const graph = new FakeGraph(conversations(20, 1))
    graph.before = ({ node, limit }) => (node === PAGE && limit > 1 ? tooMuch() : undefined)
    const { summary } = await read(graph)
    expect(summary.cursor).toMatchObject({ rescans: 1, is_settled: true, high_watermark: iso(minutes(1)) })
  })

  it('after a broadcast that is larger than any page', async () => {
    const graph = new FakeGraph([...broadcast(500, minutes(30)), ...conversations(3, 1).map(quiet)])
    const { summary } = await read(graph)
    expect(summary.cursor).toMatchObject({ rescans: 1, high_watermark: iso(minutes(30)) })
    graph.asked.length = 0
    const { pages, summary: later } = await read(graph, {
      ...runAfter(minutes(30)),
      sizes: { ...sizes, threads: 25 },
    })
    expect(later.cursor).toMatchObject({ rescans: 0, high_watermark: iso(minutes(30)) })
    // What came in the last second that was read is looked for in all of it.
    expect(asSet(messageIds(pages))).toHaveLength(500)
    expect(lists(graph)).toHaveLength(500 / 25 + 1)
  })

  it('not by what is of the same time, and then changes', async () => {
    const graph = new FakeGraph([...broadcast(12, minutes(30)), ...conversations(20, 1).map(quiet)])
    let changes = 3
    graph.before = ({ after: place }) => {
      if (place === '4' && changes-- > 0) graph.say('t_19', now - 60_000 + (3 - changes) * 1000)
      return undefined
    }
    const { pages, summary } = await read(graph)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary.cursor.high_watermark).toBe(iso(Math.max(...graph.conversations.map(({ updated }) => updated))))
  })

  it('in ever larger pages, and never where more changes than one page holds', async () => {
    const busy = async (count: number, since: string | null) => {
      const graph = new FakeGraph(broadcast(count, minutes(30)))
      let at = minutes(20)
      graph.before = ({ node, after: place }) => {
        if (node === PAGE && place === null) {
          at += 1000
          for (const row of graph.conversations) row.updated = at
        }
        return undefined
      }
      const run = await read(graph, {
        sizes: { ...sizes, nested: 4 },
        ...(since === null ? {} : { mode: 'incremental', since }),
      })
      return { ...run, heads: lists(graph).filter(({ after }) => after === null) }
    }
    const { summary, heads } = await busy(20, null)
    expect(summary.cursor).toMatchObject({ rescans: 3, is_settled: true })
    // The larger the head, the fewer messages come with each conversation.
    expect(heads.map(({ limit, nested }) => [limit, nested])).toEqual([
      [4, 4],
      [8, 2],
      [16, 1],
      [32, 1],
    ])
    const never = (await busy(500, null)).summary
    expect(never).toMatchObject({ done: true, cursor: { rescans: MAX_RESCANS, high_watermark: null } })
    const { since } = runAfter(minutes(30))
    const again = (await busy(500, since)).summary
    expect(again).toMatchObject({ done: true, cursor: { rescans: MAX_RESCANS, high_watermark: since } })
  })
})

describe('an incremental walk with nothing new', () => {
  it('is over after one page that reaches back far enough', async () => {
    const graph = new FakeGraph(conversations(400, 1))
    const { pages } = await read(graph, runAfter(minutes(1)))
    expect(messageIds(pages)).toEqual(['m_t_0_0'])
    expect(graph.asked).toHaveLength(1)
  })

  it('is one pass over the overlap, however much of it there is', async () => {
    const graph = new FakeGraph([
      ...Array.from({ length: 60 }, (_, i) => conversation(`o_${i}`, minutes(30) - i * 1000, 1)),
      ...conversations(40, 1).map(quiet),
    ])
    const { pages, summary } = await read(graph, { ...runAfter(minutes(30)), sizes: { ...sizes, threads: 25 } })
    expect(summary.cursor).toMatchObject({ rescans: 0, is_settled: true, high_watermark: iso(minutes(30)) })
    expect(asSet(messageIds(pages))).toHaveLength(60)
    expect(lists(graph)).toHaveLength(4)
  })

  it('reads on behind a single row that is out of order', async () => {
    const graph = new FakeGraph(broadcast(5, minutes(30)))
    const row = (id: string, at: number) => ({ id, updated_time: time(at) })
    graph.before = (_asked, number) =>
      number === 1
        ? json({
            data: [row('t_a', minutes(30)), row('t_old', minutes(2000))],
            paging: { cursors: { after: '0' }, next: 'x' },
          })
        : undefined
    const { pages } = await read(graph, runAfter(minutes(30)))
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })
})

describe('a conversation that is ahead of the clock', () => {
  const future = conversation('t_future', minutes(-60 * 24 * 400), 1)

  it('is read, and is not taken for the newest change', async () => {
    const graph = new FakeGraph([future, ...conversations(20, 1)])
    graph.before = ({ node, after: place }) => {
      // Moves behind the reader: only the head that is read again shows it.
      if (node === PAGE && place === '8' && lists(graph).length === 3) graph.say('t_19', minutes(0))
      return undefined
    }
    const { pages, summary } = await read(graph)
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
    expect(summary.cursor).toMatchObject({ is_settled: true, high_watermark: iso(minutes(0)) })
    graph.asked.length = 0
    graph.before = () => undefined
    await read(graph, { ...runAfter(minutes(0)), sizes: { ...sizes, threads: 8 } })
    expect(lists(graph)).toHaveLength(1)
  })

  it('leads no further than to the time of asking, where there is no other', async () => {
    const { summary } = await read(new FakeGraph([future]))
    expect(summary.cursor).toMatchObject({ is_settled: true, high_watermark: iso(now) })
  })

  describe('where Graph lists few rows at once', () => {
    const few = (isTooMuch: (limit: number, nested: number) => boolean) => {
      const graph = new FakeGraph([future, ...conversations(20, 3)])
      graph.before = ({ node, limit, nested }) => (node === PAGE && isTooMuch(limit, nested) ? tooMuch() : undefined)
      return { graph, start: { sizes: { ...sizes, threads: 25, nested: 100 } } }
    }

    it.each<[string, (limit: number, nested: number) => boolean]>([
      ['six rows', (limit, nested) => limit * nested > 6],
      ['two conversations of one message', (limit, nested) => limit * nested > 2],
    ])('is seen together with the newest change: %s', async (_name, isTooMuch) => {
      const { graph, start } = few(isTooMuch)
      const { pages, summary } = await read(graph, start)
      expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
      expect(summary.cursor).toMatchObject({ is_settled: true, high_watermark: iso(minutes(1)) })
    })

    it('leaves the head unsettled where it is all that one answer holds: between two answers anything may have changed', async () => {
      const { graph, start } = few((limit) => limit > 1)
      const { pages, summary } = await read(graph, start)
      expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
      expect(summary).toMatchObject({ done: true, cursor: { rescans: MAX_RESCANS, high_watermark: null } })
    })
  })
})

/** Long ago. */
function quiet<T extends { updated: number }>(row: T): T {
  return { ...row, updated: row.updated - 3_600_000 * 5 }
}
