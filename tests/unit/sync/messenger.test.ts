import { describe, expect, test } from 'vitest'
import { rpcError } from '../../functions/fake-crm.ts'
import { conversation, FakeGraph, json, NOW, refusal } from '../channels/messenger/fake-graph.ts'
import { BUDGET, stretch } from './run-kit.ts'

/** How long to wait for what happens in any case: reading a page takes a busy machine a while. */
const PATIENCE = { timeout: 20_000 }

/** So many pages of the list, each of them as much as is stored at once. */
const listPages = (count: number) =>
  new FakeGraph(Array.from({ length: 25 * count }, (_, i) => conversation(`t_${i}`, Date.parse(NOW) - i * 60_000, 70)))

describe('while a page is being stored', () => {
  /** A stretch whose first commit lasts until `stored` is called. */
  const storing = (graph: FakeGraph, maxMessages?: number) => {
    const { promise, resolve: stored } = Promise.withResolvers<void>()
    return { ...stretch(graph, { commit: () => promise, ...(maxMessages ? { maxMessages } : {}) }), stored }
  }

  test('the next two are asked for, one after the other, and no more', async () => {
    const graph = listPages(6)
    graph.before = async () => {
      await new Promise(setImmediate)
      return undefined
    }
    const { end, commits, stored } = storing(graph)
    await expect.poll(() => graph.asked.length, PATIENCE).toBe(3)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    expect(graph.asked).toHaveLength(3)
    expect(commits).toHaveLength(1)
    stored()
    expect((await end).status).toBe('completed')
    expect(graph.mostAtOnce).toBe(1)
  })

  test.each<[string, number | undefined, number]>([
    ['there is no time left', undefined, BUDGET],
    ['as many messages are stored as a call may', 1000, 0],
  ])('nothing more is asked for once %s, and what was answered is stored', async (_name, maxMessages, seconds) => {
    const graph = listPages(6)
    const { end, commits, stored, clock } = storing(graph, maxMessages)
    await expect.poll(() => graph.underWay === 0 && graph.asked.length, PATIENCE).toBe(3)
    clock.advance(seconds * 1000)
    stored()
    expect((await end).status).toBe('paused')
    expect(graph.asked).toHaveLength(3)
    expect(commits.map(({ cursor }) => cursor)).toMatchObject([{ after: '25' }, { after: '50' }, { after: '75' }])
  })

  test('a failure of Graph waits until what was read before it is stored', async () => {
    const graph = listPages(6)
    graph.before = (_asked, number) => (number === 3 ? refusal(190, 401) : undefined)
    const { end, commits, ends, stored } = storing(graph)
    await expect.poll(() => graph.underWay === 0 && graph.asked.length, PATIENCE).toBe(3)
    expect(ends).toEqual([])
    stored()
    expect(await end).toMatchObject({ status: 'failed', failure: { code: 'reconnect' } })
    expect(commits).toHaveLength(2)
  })

  test('a failure of the database stops what is being asked for', async () => {
    const graph = listPages(6)
    graph.before = async (_asked, number) => (number === 2 ? new Promise(() => {}) : undefined)
    const { end } = stretch(graph, {
      commit: async () => {
        await expect.poll(() => graph.asked.length, PATIENCE).toBe(2)
        throw rpcError({ status: 503 })
      },
    })
    expect(await end).toMatchObject({ status: 'paused', failure: { code: 'database_unavailable' } })
    await expect.poll(() => graph.underWay, PATIENCE).toBe(0)
    expect(graph.asked).toHaveLength(2)
  })
})

describe('limits of Graph that are nearly used up', () => {
  test.each([
    [95, 60],
    [100, 300],
  ])('let nothing more be asked for, also where the bucket would: %i %%', async (percent, seconds) => {
    const graph = new FakeGraph([])
    const paging = { cursors: { after: '25' }, next: 'https://graph.test/' }
    graph.before = () => json({ data: [{ id: 't_0' }], paging }, 200, { 'x-app-usage': `{"call_count":${percent}}` })
    const { end, blocks, ends, commits, limiter } = stretch(graph)
    expect((await end).status).toBe('paused')
    expect(graph.asked).toHaveLength(1)
    expect(commits).toMatchObject([{ items: [{ thread_id: 't_0' }], cursor: { after: '25' } }])
    expect(blocks).toEqual([seconds])
    expect(ends).toMatchObject([{ status: 'paused', error: 'throttled' }])
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + seconds * 1000)
  })
})

describe('a server that says when to ask again', () => {
  const answering = (status: number, retryAfter?: string) => {
    const graph = new FakeGraph([])
    graph.before = () => new Response('', { status, ...(retryAfter ? { headers: { 'retry-after': retryAfter } } : {}) })
    return stretch(graph)
  }

  test.each([
    [503, 'provider_unavailable'],
    [429, 'throttled'],
  ])('is asked then, and the run says why and until when: %i', async (status, code) => {
    const { end, blocks, ends, limiter } = answering(status, '7200')
    expect(await end).toMatchObject({ status: 'paused', failure: { code } })
    expect(blocks).toEqual([7200])
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 7_200_000)
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(`^${code}: .*${status}`) }])
  })

  test.each([undefined, '0'])('at once is not one that blocks: %s', async (retryAfter) => {
    const { end, blocks, limiter } = answering(503, retryAfter)
    await end
    expect({ blocks, resumeAt: limiter.resumeAt }).toEqual({ blocks: [], resumeAt: null })
  })
})
