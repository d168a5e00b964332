import { describe, expect, test } from 'vitest'
import { rpcError } from '../../functions/fake-crm.ts'
import { ManualClock } from '../channels/b2chat/manual-clock.ts'
import {
  asSet,
  conversation,
  FakeGraph,
  json,
  messageIds,
  NOW,
  PAGE,
  refusal,
} from '../channels/messenger/fake-graph.ts'
import { stretch } from './run-kit.ts'

const minutes = (count: number) => Date.parse(NOW) - count * 60_000

/** Stretches of one run, each from where the one before has stopped, until it is over; so many at most. */
async function stretches(graph: FakeGraph, clock: ManualClock, most: number) {
  const ends: string[] = []
  const commits: ReturnType<typeof stretch>['commits'] = []
  let cursor: Record<string, unknown> = {}
  while (ends.length < most && ends.at(-1) !== 'completed') {
    const one = stretch(graph, { clock, cursor })
    const { status, failure } = await one.end
    ends.push(failure?.code ?? status)
    commits.push(...one.commits)
    cursor = { ...(one.commits.findLast((call) => call.cursor !== null)?.cursor ?? cursor) }
  }
  return { ends, commits, rejected: commits.flatMap(({ rejected }) => rejected ?? []) }
}

describe('what fails slowly', () => {
  test.each([10, 30, 59, 61])('is one thread, which keeps no other from being read: %i seconds', async (seconds) => {
    const clock = new ManualClock(NOW)
    const graph = new FakeGraph([
      conversation('t_0', minutes(1), 300),
      conversation('t_1', minutes(2), 1500),
      ...Array.from({ length: 60 }, (_, i) => conversation(`t_${i + 2}`, minutes(10 * i + 60), 1)),
    ])
    graph.before = ({ node }) => {
      if (node !== 't_0') return undefined
      clock.advance(seconds * 1000)
      return refusal(2, 500)
    }
    const { ends, commits, rejected } = await stretches(graph, clock, 10)
    expect(ends.at(-1)).toBe('completed')
    expect(ends.length).toBeLessThan(6)
    expect(rejected).toMatchObject([{ reason: 'unreadable_thread', item: { thread_id: 't_0' } }])
    const wanted = graph.messageIds.filter((id) => !id.startsWith('m_t_0_'))
    const read = messageIds(commits.map((call) => ({ items: call.items, rejected: [], cursor: null })))
    expect(asSet(read)).toEqual(expect.arrayContaining(wanted))
  })

  test.each([20, 61])('is the list, which is said: %i seconds', async (seconds) => {
    const clock = new ManualClock(NOW)
    const graph = new FakeGraph([conversation('t_0', minutes(1), 1)])
    graph.before = ({ node }) => {
      if (node === PAGE) clock.advance(seconds * 1000)
      return refusal(2, 500)
    }
    const { end, ends, commits } = stretch(graph, { clock })
    expect(await end).toMatchObject({ status: 'paused', failure: { code: 'provider_unavailable' } })
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(/^provider_unavailable: /) }])
    expect(commits).toEqual([])
  })
})

describe('a refusal that comes with limits nearly used up', () => {
  const refusing = (response: () => Response, calls: number, retryAfter?: string) => {
    const graph = new FakeGraph([])
    graph.before = () => {
      const answer = response()
      answer.headers.set('x-app-usage', `{"call_count":${calls}}`)
      if (retryAfter !== undefined) answer.headers.set('retry-after', retryAfter)
      return answer
    }
    return stretch(graph)
  }

  test.each([
    [190, 401, 'reconnect'],
    [368, 400, 'policy'],
    [10, 403, 'permission'],
  ])('is what the run ends by: code %i', async (code, status, reason) => {
    for (const calls of [10, 95, 100]) {
      const { end, ends } = refusing(() => refusal(code, status), calls)
      expect(await end, `${calls} %`).toMatchObject({ status: 'failed', failure: { code: reason } })
      expect(ends).toMatchObject([{ status: 'failed', error: expect.stringMatching(`^${reason}: `) }])
    }
  })

  test('that may pass is said too', async () => {
    const { end } = refusing(() => refusal(2, 500), 95)
    expect(await end).toMatchObject({ status: 'paused', failure: { code: 'provider_unavailable' } })
  })

  test.each([
    [4, 400, 10, '3600', 3600],
    [4, 400, 95, '3600', 3600],
    [4, 400, 100, '3600', 3600],
    [4, 400, 100, '3', 300],
    [2, 503, 95, '3600', 3600],
    [2, 503, 95, '7', 60],
    [368, 400, 95, '7200', 7200],
    [368, 400, 95, '60', 3600],
    [190, 401, 10, '120', 120],
  ])(
    'blocks for the longest that is said: code %i, %i, at %i %%, Retry-After %s',
    async (code, status, calls, after, seconds) => {
      const { end, blocks, limiter } = refusing(() => refusal(code, status), calls, after)
      await end
      expect(Math.max(...blocks)).toBe(seconds)
      expect(limiter.resumeAt).toBe(Date.parse(NOW) + seconds * 1000)
    },
  )
})

describe('what the database refuses', () => {
  const committing = (failure: Parameters<typeof rpcError>[0]) =>
    stretch(new FakeGraph([conversation('t_0', minutes(1), 1)]), { commit: () => Promise.reject(rpcError(failure)) })

  test.each([
    ['a key that is being changed', { code: 'PGRST301', status: 401 }],
    ['a schema that is being read again', { code: 'PGRST202', status: 404 }],
    ['a relation that is not read yet', { code: 'PGRST205', status: 404 }],
    ['a grant that is missing', { code: '42501', status: 403 }],
    ['a request that took too long', { code: null, status: 408 }],
    ['too many requests', { code: null, status: 429 }],
    ['no answer', { code: null, status: 0 }],
  ])('may pass by itself, and the run goes on: %s', async (_name, failure) => {
    const { end, ends } = committing({ stableCode: null, ...failure })
    expect(await end).toMatchObject({ status: 'paused', failure: { code: 'database_unavailable' } })
    expect(ends).toMatchObject([{ status: 'paused', error: 'database_unavailable' }])
  })

  test('by its own code stays refused', async () => {
    const { end, ends } = committing({ code: 'PT400', status: 400, stableCode: 'invalid_input' })
    expect(await end).toMatchObject({ status: 'failed', failure: { code: 'database_refused' } })
    expect(ends).toMatchObject([{ status: 'failed', error: 'database_refused' }])
  })
})

describe('a run whose end gets no answer', () => {
  const lost = () => Promise.reject(rpcError({ status: 0 }))

  test('is not ended a second time, as something else', async () => {
    const { end, ends } = stretch(new FakeGraph([conversation('t_0', minutes(1), 1)]), { finish: lost })
    await expect(end).rejects.toMatchObject({ status: 0 })
    expect(ends).toMatchObject([{ status: 'completed' }])
  })

  test('is ended also where the pause of the bucket could not be kept', async () => {
    const graph = new FakeGraph([conversation('t_0', minutes(1), 1)])
    graph.before = () => refusal(4, 400)
    const { end, ends, blocks } = stretch(graph, { finish: lost })
    await expect(end).rejects.toMatchObject({ status: 0 })
    expect(blocks.length).toBe(1)
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(/^throttled/) }])
  })
})

test('what is set aside of a long thread is stored as it comes', async () => {
  const graph = new FakeGraph([conversation('t_0', minutes(1), 20_000)])
  const whole = new FakeGraph(graph.conversations)
  graph.before = async ({ node, url }) => {
    if (node === PAGE) return undefined
    const page = await (await whole.fetch(url)).json()
    return json({ ...page, data: page.data.map(() => ({ id: 7 })) })
  }
  const { end, commits } = stretch(graph)
  expect((await end).status).toBe('completed')
  expect(commits.reduce((count, { rejected }) => count + (rejected?.length ?? 0), 0)).toBe(19_900)
  // A commit takes a thousand of them, which are five requests.
  expect(commits.length).toBeGreaterThanOrEqual(20)
  expect(commits.filter(({ cursor }) => cursor === null)).toEqual([])
})
