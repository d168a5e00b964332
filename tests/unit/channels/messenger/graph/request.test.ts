import { describe, expect, it } from 'vitest'
import type { GraphUsage } from '../../../../../src/channels/messenger/graph/usage.ts'
import { OutOfTime } from '../../../../../src/lib/retry.ts'
import { clientFor, json, NOW, PAGE, refusal } from '../fake-graph.ts'

type Answer = () => Response | Promise<Response>

const list = () => json({ data: [] })
const first = { after: null, limit: 100, nested: 20 }
const never: Answer = () => Promise.reject(new TypeError('fetch failed'))
const cut: Answer = () => new Response(cutStream())

/** A client that gets these answers, the last one again and again. */
function withAnswers(answers: Answer[], options: Parameters<typeof clientFor>[1] = {}) {
  const requests: { url: URL; init: RequestInit | undefined }[] = []
  const fetch = async (input: Parameters<typeof globalThis.fetch>[0], init?: RequestInit) => {
    requests.push({ url: new URL(String(input)), init })
    const answer = answers[Math.min(requests.length, answers.length) - 1]
    if (!answer) throw new Error('no answer')
    return await answer()
  }
  return { requests, ...clientFor(fetch, options) }
}

describe('a request', () => {
  it('carries the token in a header, and nowhere else', async () => {
    const { client, requests } = withAnswers([list])
    await client.listConversations({ ...first, after: 'QV/+=' }, {})
    const [request] = requests
    expect(new Headers(request?.init?.headers).get('authorization')).toBe('Bearer token-of-the-page')
    expect(request?.url.href).not.toContain('token-of')
    expect(request?.url.pathname).toBe(`/v24.0/${PAGE}/conversations`)
    expect(Object.fromEntries(request?.url.searchParams ?? [])).toMatchObject({
      platform: 'messenger',
      limit: '100',
      after: 'QV/+=',
      fields: expect.stringMatching(
        /^id,updated_time,participants,messages\.limit\(20\)\{id,created_time,from,to,message,/,
      ),
    })
    expect(request?.init?.redirect).toBe('manual')
  })

  it('names a thread in its path, whatever its id', async () => {
    const { client, requests } = withAnswers([list], { baseUrl: 'http://127.0.0.1:1/graph/' })
    const thread = { id: 't_1/../x?', participant: null, updatedAt: null }
    await client.listMessages({ thread, after: null, limit: 7 }, {})
    expect(requests[0]?.url.pathname).toBe('/graph/v24.0/t_1%2F..%2Fx%3F/messages')
    expect(requests[0]?.url.searchParams.get('limit')).toBe('7')
    expect(requests[0]?.url.searchParams.has('after')).toBe(false)
  })

  it('waits for the rate limit each time, and reports what every answer says of the limits', async () => {
    const events: unknown[] = []
    const usages: GraphUsage[] = []
    const { client } = withAnswers(
      [() => refusal(2, 500), never, () => json({ data: [] }, 200, { 'x-app-usage': '{"call_count":95}' })],
      {
        acquire: async () => {
          events.push('acquire')
        },
        onUsage: (usage) => {
          events.push('usage')
          usages.push(usage)
        },
      },
    )
    await client.listConversations(first, {})
    expect(events).toEqual(['acquire', 'usage', 'acquire', 'acquire', 'usage'])
    expect(usages).toMatchObject([{ state: 'ok' }, { state: 'pressure' }])
  })

  it('is not made where the rate limit refuses it', async () => {
    const refused = new Error('not now')
    const { client, requests } = withAnswers([list], { acquire: () => Promise.reject(refused) })
    await expect(client.listConversations(first, {})).rejects.toBe(refused)
    expect(requests).toEqual([])
  })
})

describe('a failure that may pass', () => {
  it.each<[string, Answer]>([
    ['code 1', () => refusal(1, 500)],
    ['code 2', () => refusal(2, 503)],
    ['a 5xx of another server', () => new Response('<html>', { status: 502 })],
    ['a connection that fails', never],
    ['a body that is cut', cut],
    ['half a body', () => new Response('{"data":[')],
    ['an error whose body is cut', () => new Response(cutStream(), { status: 500 })],
  ])('is repeated: %s', async (_name, fault) => {
    const { client, requests, clock } = withAnswers([fault, fault, list])
    await expect(client.listConversations(first, {})).resolves.toMatchObject({ conversations: [] })
    expect(requests).toHaveLength(3)
    expect(clock.waits).toEqual([500, 1000])
  })

  it.each([
    [0, [0, 0, 0, 0, 0]],
    [0.999, [999, 1998, 3996, 7992, 14_985]],
  ])(
    'is repeated after a random part, from none to all, of a wait that doubles up to a cap: %d',
    async (random, waits) => {
      const { client, requests, clock } = withAnswers([never], { random: () => random })
      await expect(client.listConversations(first, {})).rejects.toMatchObject({ name: 'GraphError', kind: 'retryable' })
      expect(requests).toHaveLength(6)
      expect(clock.waits).toEqual(waits)
    },
  )

  it.each([
    [10, 3],
    [29, 2],
    [59, 1],
  ])('is not repeated later than half a minute after the first attempt: %i seconds each', async (seconds, attempts) => {
    const slow = () => {
      run.clock.advance(seconds * 1000)
      return refusal(2, 500)
    }
    const run = withAnswers([slow])
    await expect(run.client.listConversations(first, {})).rejects.toMatchObject({ kind: 'retryable', code: 2 })
    expect(run.requests).toHaveLength(attempts)
  })

  it('is not waited for longer than that here: who asked knows what to do meanwhile', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '31' } })
    const { client, clock, requests } = withAnswers([busy])
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind: 'retryable', retryAfter: 31_000 })
    expect({ waits: clock.waits, requests: requests.length }).toEqual({ waits: [], requests: 1 })
  })

  it('is waited for as long as the server asks', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '7' } })
    const { client, clock } = withAnswers([busy, list])
    await client.listConversations(first, {})
    expect(clock.waits).toEqual([7000])
  })

  it('is an answer that takes too long', async () => {
    const { client, clock, requests } = withAnswers([list], {
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          requests.push({ url: new URL('http://x'), init })
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
          clock.advance(60_000)
        }),
      retry: { retries: 1, firstWait: 1, longestWait: 1 },
    })
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind: 'retryable' })
    expect(requests).toHaveLength(2)
  })
})

describe('a failure that stays', () => {
  it.each([
    [4, 403, 'throttled'],
    [190, 401, 'token'],
    [10, 403, 'permission'],
    [368, 400, 'policy'],
    [100, 400, 'invalid'],
    [506, 400, 'invalid'],
  ])('is not repeated: code %i', async (code, status, kind) => {
    const { client, requests } = withAnswers([() => refusal(code, status)])
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind, code })
    expect(requests).toHaveLength(1)
  })

  it('may be an answer of another form', async () => {
    const { client } = withAnswers([() => json({ id: 't_1' })])
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind: 'invalid' })
    const thread = { id: 't_1', participant: null, updatedAt: null }
    await expect(client.listMessages({ thread, after: null, limit: 1 }, {})).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('says for how long Graph throttles, by its header', async () => {
    const headers = { 'x-business-use-case-usage': '{"1":[{"estimated_time_to_regain_access":19}]}' }
    const { client } = withAnswers([() => json({ error: { code: 80006 } }, 400, headers)])
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind: 'throttled', regainMinutes: 19 })
  })

  it('is a redirect, which is not followed with the token', async () => {
    const { client, requests } = withAnswers([
      () => new Response('', { status: 302, headers: { location: 'https://x.test' } }),
    ])
    await expect(client.listConversations(first, {})).rejects.toMatchObject({ kind: 'invalid', status: 302 })
    expect(requests).toHaveLength(1)
  })
})

describe('the end of the run', () => {
  it('is not outlasted by a wait: what failed before it is thrown', async () => {
    const { client, requests } = withAnswers([never])
    const until = Date.parse(NOW) + 1200
    await expect(client.listConversations(first, { until })).rejects.toMatchObject({ kind: 'retryable' })
    expect(requests).toHaveLength(2)
  })

  it('leaves the failure of the attempt before, also where it cuts the repeat short or comes before it', async () => {
    const until = Date.parse(NOW) + 15_000
    const slow = () => {
      cut.clock.advance(10_000)
      return refusal(2, 500)
    }
    const cut = withAnswers([
      slow,
      () => {
        cut.clock.advance(10_000)
        return Promise.reject(new TypeError('fetch failed'))
      },
    ])
    await expect(cut.client.listConversations(first, { until })).rejects.toMatchObject({ kind: 'retryable', code: 2 })
    expect(cut.requests).toHaveLength(2)
    const late = withAnswers([() => refusal(2, 500)], {
      acquire: async () => late.clock.advance(8000),
    })
    await expect(late.client.listConversations(first, { until })).rejects.toMatchObject({ kind: 'retryable', code: 2 })
    expect(late.requests).toHaveLength(1)
  })

  it('does not take from Graph what it answers in that moment', async () => {
    const { client, clock } = withAnswers([
      () => {
        clock.advance(2000)
        return refusal(2, 500)
      },
    ])
    const until = Date.parse(NOW) + 2000
    await expect(client.listConversations(first, { until })).rejects.toMatchObject({ kind: 'retryable', code: 2 })
  })

  it('comes before the time at which the server wants to be asked again: that is what failed', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '7200' } })
    const { client, clock, requests } = withAnswers([busy])
    await expect(client.listConversations(first, { until: Date.parse(NOW) + 100_000 })).rejects.toMatchObject({
      kind: 'retryable',
      status: 503,
      retryAfter: 7_200_000,
    })
    expect(requests).toHaveLength(1)
    expect(clock.waits).toEqual([])
  })

  it('is not outlasted by an answer, the last attempt’s either', async () => {
    const { client, clock } = withAnswers([list], {
      retry: { retries: 0, firstWait: 1, longestWait: 1 },
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
          clock.advance(2000)
        }),
    })
    await expect(client.listConversations(first, { until: Date.parse(NOW) + 2000 })).rejects.toBeInstanceOf(OutOfTime)
  })

  it('comes before a request, or while the rate limit is waited for', async () => {
    const over = withAnswers([list])
    await expect(over.client.listConversations(first, { until: Date.parse(NOW) })).rejects.toBeInstanceOf(OutOfTime)
    const slow = withAnswers([list], { acquire: async () => slow.clock.advance(5000) })
    await expect(slow.client.listConversations(first, { until: Date.parse(NOW) + 5000 })).rejects.toBeInstanceOf(
      OutOfTime,
    )
    expect([...over.requests, ...slow.requests]).toEqual([])
  })

  it('comes at once by the caller’s signal', async () => {
    const reason = new Error('stop')
    const { client, requests } = withAnswers([list])
    await expect(client.listConversations(first, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const hanging = withAnswers([list], {
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
          controller.abort(reason)
        }),
    })
    await expect(hanging.client.listConversations(first, { signal: controller.signal })).rejects.toBe(reason)
    expect(requests).toEqual([])
  })
})

function cutStream(): ReadableStream {
  return new ReadableStream({ pull: (body) => body.error(new Error('cut')) })
}
