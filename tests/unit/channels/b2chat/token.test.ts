import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TokenSource } from '../../../../src/channels/b2chat/token.ts'
import { createDataset } from '../../../simulators/b2chat/people.ts'
import { type B2ChatSimulator, CLIENT, startB2ChatSimulator } from '../../../simulators/b2chat/server.ts'
import { ManualClock } from './manual-clock.ts'

const dataset = createDataset({ seed: 1, people: 1, firstDay: '2026-01-01', days: 1 })

let simulator: B2ChatSimulator
let clock: ManualClock
let tokens: TokenSource
let waiting: { signal: AbortSignal; timeout: number }

beforeEach(async () => {
  clock = new ManualClock('2026-01-01T00:00:00Z')
  simulator = await startB2ChatSimulator({ dataset, tokenLife: 3600, now: () => clock.now() })
  tokens = new TokenSource({ ...CLIENT, baseUrl: `${simulator.url}/` }, { fetch, clock, timeout: 30_000 })
  waiting = { signal: new AbortController().signal, timeout: 30_000 }
})

afterEach(() => simulator.stop())

/** A source whose token endpoint answers this. */
function answered(answer: () => Response): { tokens: TokenSource; asked: () => number } {
  let asked = 0
  const fakeFetch: typeof fetch = async () => {
    asked += 1
    return answer()
  }
  const credentials = { ...CLIENT, baseUrl: 'https://api.example.com' }
  return { tokens: new TokenSource(credentials, { fetch: fakeFetch, clock, timeout: 30_000 }), asked: () => asked }
}

describe('the token', () => {
  it('is asked for with Basic auth, whatever characters the credentials have, and kept', async () => {
    expect(await tokens.get(waiting)).toBe('token-1')
    clock.advance(3_500_000)
    expect(await tokens.get(waiting)).toBe('token-1')
    expect(simulator.requests).toHaveLength(1)
  })

  it('is renewed a minute before it ends', async () => {
    await tokens.get(waiting)
    clock.advance(3_540_000)
    expect(await tokens.get(waiting)).toBe('token-2')
  })

  it('is renewed once for all who wait', async () => {
    expect(await Promise.all([1, 2, 3].map(() => tokens.get(waiting)))).toEqual(['token-1', 'token-1', 'token-1'])
    tokens.forget('token-1')
    expect(await Promise.all([1, 2].map(() => tokens.get(waiting)))).toEqual(['token-2', 'token-2'])
  })

  it('is not forgotten for the sake of an older one that was refused', async () => {
    await tokens.get(waiting)
    tokens.forget('token-1')
    await tokens.get(waiting)
    tokens.forget('token-1')
    expect(await tokens.get(waiting)).toBe('token-2')
  })

  it('that failed once is asked for again', async () => {
    simulator.setFaults(({ number }) => (number === 1 ? { kind: 'status', status: 503 } : undefined))
    await expect(tokens.get(waiting)).rejects.toMatchObject({ code: 'provider_error', isTransient: true })
    expect(await tokens.get(waiting)).toBe('token-2')
  })

  it.each([400, 401, 403])('that is refused with %i means bad credentials', async (status) => {
    simulator.setFaults(() => ({ kind: 'status', status }))
    const refused = { code: 'bad_credentials', status, isTransient: false }
    await expect(tokens.get(waiting)).rejects.toMatchObject(refused)
  })

  it.each([
    ['text', 86_400, '"86400"'],
    ['nothing', 3600, 'null'],
  ])('may have its life given as %s', async (_kind, life, given) => {
    const expiry = given === 'null' ? '' : `,"expires_in":${given}`
    const source = answered(() => new Response(`{"access_token":"a"${expiry}}`))
    await source.tokens.get(waiting)
    clock.advance((life - 61) * 1000)
    await source.tokens.get(waiting)
    expect(source.asked()).toBe(1)
    clock.advance(2000)
    await source.tokens.get(waiting)
    expect(source.asked()).toBe(2)
  })

  it('with a short life is used for half of it', async () => {
    const source = answered(() => Response.json({ access_token: 'a', expires_in: 10 }))
    await source.tokens.get(waiting)
    clock.advance(4999)
    await source.tokens.get(waiting)
    expect(source.asked()).toBe(1)
    clock.advance(1)
    await source.tokens.get(waiting)
    expect(source.asked()).toBe(2)
  })

  it.each([{}, { access_token: '' }, { access_token: 5 }, [], null])(
    'that is not in the answer: %j',
    async (answer) => {
      const source = answered(() => Response.json(answer))
      await expect(source.tokens.get(waiting)).rejects.toMatchObject({ code: 'unexpected_answer' })
    },
  )
})

describe('a redirect', () => {
  it('is not followed: credentials go nowhere else', async () => {
    const seen: string[] = []
    const elsewhere = await startB2ChatSimulator({ dataset })
    const redirecting: typeof fetch = async (input, init) => {
      seen.push(`${init?.redirect} ${new URL(String(input)).pathname}`)
      return Response.redirect(`${elsewhere.url}/oauth/token`, 307)
    }
    const exchange = { fetch: redirecting, clock, timeout: 30_000 }
    const source = new TokenSource({ ...CLIENT, baseUrl: 'https://api.example.com' }, exchange)
    await expect(source.get(waiting)).rejects.toMatchObject({ code: 'refused', status: 307, isTransient: false })
    expect(seen).toEqual(['manual /oauth/token'])
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })
})

describe('waiting for the token', () => {
  it('ends for the caller who gives up; the others get it', async () => {
    const controller = new AbortController()
    const impatient = tokens.get({ ...waiting, signal: controller.signal })
    const patient = tokens.get(waiting)
    controller.abort(new Error('gave up'))
    await expect(impatient).rejects.toThrow('gave up')
    expect(await patient).toBe('token-1')
    await expect(tokens.get({ ...waiting, signal: AbortSignal.abort(new Error('before')) })).resolves.toBe('token-1')
    tokens.forget('token-1')
    await expect(tokens.get({ ...waiting, signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  })

  it('ends with the caller’s own time, or the endpoint’s', async () => {
    for (const timeout of [1000, 60_000]) {
      simulator.setFaults(() => ({ kind: 'hang', onHang: () => clock.advance(Math.min(timeout, 30_000)) }))
      await expect(tokens.get({ ...waiting, timeout })).rejects.toMatchObject({ code: 'timeout', isTransient: true })
      clock.advance(30_000)
    }
  })
})
