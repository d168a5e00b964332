import { describe, expect, it } from 'vitest'
import { asSet, conversation, FakeGraph, json, messageIds, NOW } from '../fake-graph.ts'
import { conversations, iso, minutes, places, read } from './kit.ts'

describe('an incremental walk', () => {
  const since = iso(minutes(31))
  const incremental = { mode: 'incremental' as const, since }

  it('reads down to its time, equal times included, and stops at the first page that is older in all rows', async () => {
    const graph = new FakeGraph(conversations(40, 1))
    const { pages, summary } = await read(graph, incremental)
    expect(asSet(messageIds(pages))).toEqual(['m_t_0_0', 'm_t_1_0', 'm_t_2_0', 'm_t_3_0'])
    // A full page may hide that something moved behind it: the head is read again.
    expect(places(graph)).toEqual([null, '4', null, '8'])
    expect(summary).toMatchObject({ done: true, cursor: { high_watermark: iso(minutes(1)) } })
  })

  it('is not ended by a single row out of order', async () => {
    const graph = new FakeGraph(conversations(3, 1))
    const old = { id: 't_old', updated_time: '2020-01-01T00:00:00+0000' }
    const data = (rows: unknown[], after: string) => json({ data: rows, paging: { cursors: { after }, next: 'x' } })
    graph.before = (_asked, number) => {
      if (number === 1) return data([old, { id: 't_new', updated_time: NOW }], '0')
      return number === 2 ? data([{ id: 't_broken', updated_time: 7 }], '0') : undefined
    }
    const { pages } = await read(graph, incremental)
    const threads = pages.flatMap(({ items }) => items.map(({ thread_id }) => thread_id))
    // The head is read again, because it did not come on one page.
    expect(threads).toEqual(['t_new', 't_broken', 't_0', 't_1', 't_2', 't_0'])
  })

  it('reads a thread until a page of it reaches back far enough', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 100)])
    const { pages } = await read(graph, incremental)
    expect(graph.asked.map(({ after }) => after)).toEqual([
      null,
      ...Array.from({ length: 10 }, (_, i) => String(2 + 3 * i)),
    ])
    expect(messageIds(pages)).toHaveLength(32)
    const calm = new FakeGraph([{ ...conversation('t_0', minutes(60), 100), updated: minutes(1) }])
    await read(calm, incremental)
    expect(calm.asked).toHaveLength(1)
  })

  it('without a time is a full one', async () => {
    const graph = new FakeGraph(conversations(9, 1))
    const { pages } = await read(graph, { mode: 'incremental', since: null })
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('is what a time is for: a full one reads everything', async () => {
    const graph = new FakeGraph(conversations(9, 1))
    const { pages } = await read(graph, { mode: 'full', since })
    expect(asSet(messageIds(pages))).toEqual(graph.messageIds)
  })

  it('refuses a time that is none', async () => {
    await expect(read(new FakeGraph([]), { mode: 'incremental', since: 'soon' })).rejects.toThrow(RangeError)
  })

  it('keeps the time of its last watermark when the list shows nothing', async () => {
    const { summary } = await read(new FakeGraph([]), incremental)
    expect(summary.cursor.high_watermark).toBe(since)
  })
})
