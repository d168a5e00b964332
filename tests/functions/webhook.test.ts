import { describe, expect, it } from 'vitest'
import { fakeCrm, inMemoryIngest, rpcError } from './fake-crm.ts'
import { APP_SECRET, delivery, signature, signedPost, textEvent, VERIFY_TOKEN, webhook } from './webhook-kit.ts'

const URL = 'http://127.0.0.1/functions/v1/messenger-webhook'
const handshake = (token: string) =>
  new Request(`${URL}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`)

async function answer(fetch: (request: Request) => Promise<Response>, request: Request) {
  const response = await fetch(request)
  return { status: response.status, headers: response.headers, body: await response.json() }
}

describe('handshake', () => {
  it('answers the challenge as plain text', async () => {
    const response = await webhook(fakeCrm()).fetch(handshake(VERIFY_TOKEN))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toBe('1158201444')
  })

  it('accepts any of several configured tokens', async () => {
    const { fetch } = webhook(fakeCrm(), { env: { META_VERIFY_TOKEN: '{"PAGE1":"one","*":"two"}' } })
    expect((await fetch(handshake('one'))).status).toBe(200)
    expect((await fetch(handshake('two'))).status).toBe(200)
    expect((await fetch(handshake('three'))).status).toBe(403)
  })

  it('refuses another token', async () => {
    const { status, body } = await answer(webhook(fakeCrm()).fetch, handshake('guess'))
    expect(status).toBe(403)
    expect(body.code).toBe('handshake_refused')
  })

  it('names the secret that is not set', async () => {
    const { status, body } = await answer(webhook(fakeCrm(), { env: {} }).fetch, handshake('guess'))
    expect(status).toBe(424)
    expect(body).toMatchObject({ code: 'missing_secret', message: expect.stringContaining('META_VERIFY_TOKEN') })
  })
})

describe('signature', () => {
  const body = delivery({ PAGE1: [textEvent('PSID1', 'm_1', 'Olá 👩‍👩‍👧 señor, ¿cuánto?')] })

  it('covers the raw bytes, emoji and accents included', async () => {
    const { crm, calls } = inMemoryIngest()
    const escaped = JSON.stringify(body).replace(
      /[^\x20-\x7e]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    for (const text of [JSON.stringify(body), JSON.stringify(body, null, 2), escaped]) {
      expect((await webhook(crm).fetch(signedPost(text))).status).toBe(200)
    }
    expect(calls).toHaveLength(3)
    expect(calls[2]?.items).toEqual(calls[0]?.items)
  })

  it.each([
    ['missing', null],
    ['empty', ''],
    ['malformed', 'sha1=abc'],
    ['of another secret', signature(JSON.stringify(body), 'other')],
    ['of other bytes', signature(`${JSON.stringify(body)} `)],
  ])('refuses one that is %s, and stores nothing', async (_, given) => {
    const { crm, calls } = inMemoryIngest()
    const { status, body: error } = await answer(webhook(crm).fetch, signedPost(body, { signature: given }))
    expect(status).toBe(401)
    expect(error.code).toBe('bad_signature')
    expect(calls).toEqual([])
  })

  it('is checked before the body is parsed', async () => {
    const { status } = await answer(webhook(fakeCrm()).fetch, signedPost('{', { signature: null }))
    expect(status).toBe(401)
  })

  it('names the secret that is not set', async () => {
    const { status, body: error } = await answer(webhook(fakeCrm(), { env: {} }).fetch, signedPost(body))
    expect(status).toBe(424)
    expect(error.message).toContain('META_APP_SECRET')
  })
})

describe('one secret per app', () => {
  const env = { META_APP_SECRET: JSON.stringify({ PAGE1: 'secret one', PAGE2: 'secret two', '*': 'shared' }) }
  const to = (page: string) => delivery({ [page]: [textEvent('PSID1', 'm_1', 'Hola', page)] })

  it.each([
    ['PAGE1', 'secret one', 200],
    ['PAGE2', 'secret two', 200],
    ['PAGE3', 'shared', 200],
    ['PAGE2', 'secret one', 401],
    ['PAGE1', 'shared', 401],
    ['PAGE3', 'secret one', 401],
  ])('%s signed with "%s": %i', async (page, secret, status) => {
    const { crm, calls } = inMemoryIngest()
    const { fetch } = webhook(crm, { env })
    expect((await fetch(signedPost(to(page), { secret }))).status).toBe(status)
    expect(calls).toHaveLength(status === 200 ? 1 : 0)
  })

  it('stores nothing of a payload that speaks for one account too many', async () => {
    const { crm, calls } = inMemoryIngest()
    const both = delivery({
      PAGE1: [textEvent('PSID1', 'm_1', 'Hola')],
      PAGE2: [textEvent('PSID2', 'm_2', 'Hola', 'PAGE2')],
    })
    expect((await webhook(crm, { env }).fetch(signedPost(both, { secret: 'secret one' }))).status).toBe(401)
    expect(calls).toEqual([])
  })

  it('takes an account that is not listed from any app when nothing else is said', async () => {
    const { crm, calls } = inMemoryIngest()
    const { fetch } = webhook(crm, { env: { META_APP_SECRET: '{"PAGE1":"secret one"}' } })
    expect((await fetch(signedPost(to('PAGE9'), { secret: 'secret one' }))).status).toBe(200)
    expect(calls[0]?.accountExternalId).toBe('PAGE9')
  })

  it('takes a body that names no account from any app', async () => {
    const { crm, calls } = inMemoryIngest()
    expect((await webhook(crm, { env }).fetch(signedPost('[]', { secret: 'secret one' }))).status).toBe(200)
    expect(calls[0]).toMatchObject({ accountExternalId: '', items: [] })
  })
})

describe('body', () => {
  it('refuses what is not JSON', async () => {
    const { status, body } = await answer(webhook(fakeCrm()).fetch, signedPost('{"object":'))
    expect(status).toBe(400)
    expect(body.code).toBe('invalid_json')
  })

  it('refuses more than 3 MB', async () => {
    const { status, body } = await answer(webhook(fakeCrm()).fetch, signedPost('x'.repeat(3 * 1024 * 1024 + 1)))
    expect(status).toBe(413)
    expect(body.code).toBe('payload_too_large')
  })

  it('serves GET and POST only', async () => {
    const { status, headers } = await answer(webhook(fakeCrm()).fetch, new Request(URL, { method: 'PUT', body: '{}' }))
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('GET, POST')
  })

  it('answers an empty entry with zeros and calls nothing', async () => {
    const { status, body } = await answer(webhook(fakeCrm()).fetch, signedPost({ object: 'page', entry: [] }))
    expect(status).toBe(200)
    expect(body).toEqual({ received: 0, duplicates: 0, failed: 0 })
  })
})

describe('ingestion', () => {
  it('makes one call per account and adds up the counts', async () => {
    const { crm, calls } = inMemoryIngest()
    const { fetch } = webhook(crm)
    const body = delivery({
      PAGE1: [textEvent('PSID1', 'm_1', 'Hola'), textEvent('PSID2', 'm_2', 'Buenas')],
      PAGE2: [textEvent('PSID3', 'm_3', 'Oi', 'PAGE2')],
    })
    expect((await answer(fetch, signedPost(body))).body).toEqual({ received: 3, duplicates: 0, failed: 0 })
    expect((await answer(fetch, signedPost(body))).body).toEqual({ received: 3, duplicates: 3, failed: 0 })
    expect(calls.map((call) => [call.channel, call.accountExternalId, call.items.length])).toEqual([
      ['messenger', 'PAGE1', 2],
      ['messenger', 'PAGE2', 1],
      ['messenger', 'PAGE1', 2],
      ['messenger', 'PAGE2', 1],
    ])
  })

  it('keeps to 500 items a call, and sends what was rejected with the first', async () => {
    const { crm, calls } = inMemoryIngest()
    const events = Array.from({ length: 1001 }, (_, i) => textEvent(`PSID${i}`, `m_${i}`, 'Hola'))
    const { body } = await answer(webhook(crm).fetch, signedPost(delivery({ PAGE1: ['not an event', ...events] })))
    expect(calls.map((call) => [call.items.length, call.rejected?.length])).toEqual([
      [500, 1],
      [500, 0],
      [1, 0],
    ])
    expect(body).toEqual({ received: 1002, duplicates: 0, failed: 1 })
  })

  it('keeps to 2,000 events a call', async () => {
    const { crm, calls } = inMemoryIngest()
    const events = Array.from({ length: 4500 }, (_, i) => textEvent('PSID1', `m_${i}`, 'Hola'))
    await webhook(crm).fetch(signedPost(delivery({ PAGE1: events })))
    expect(calls.map((call) => call.items.flatMap((item) => item.events).length)).toEqual([2000, 2000, 500])
  })

  it('makes the call for an account that has only rejected entries, and spreads many over several', async () => {
    const { crm, calls } = inMemoryIngest()
    const rejected = Array.from({ length: 501 }, () => 'not an event')
    const { status, body } = await answer(webhook(crm).fetch, signedPost(delivery({ PAGE1: rejected })))
    expect(status).toBe(200)
    expect(body).toEqual({ received: 501, duplicates: 0, failed: 501 })
    expect(calls.map((call) => [call.items.length, call.rejected?.length])).toEqual([
      [0, 500],
      [0, 1],
    ])
  })
})

describe('a database that fails', () => {
  const events = Array.from({ length: 501 }, (_, i) => textEvent(`PSID${i}`, `m_${i}`, 'Hola'))
  const body = delivery({ PAGE1: events })

  it.each([
    ['is away', rpcError({ status: 0 }), 'database_unavailable'],
    ['times out', rpcError({ status: 500, code: '57014' }), 'database_unavailable'],
    ['answers 503', rpcError({ status: 503, code: '53300' }), 'database_unavailable'],
    ['deadlocks to the end', rpcError({ status: 500, code: '40P01' }), 'database_unavailable'],
    ['refuses our call', rpcError({ status: 400, code: 'PT400', stableCode: 'invalid_input' }), 'database_refused'],
    ['refuses our key', rpcError({ status: 401, code: 'PGRST301' }), 'database_refused'],
    ['lacks the function', rpcError({ status: 404, code: 'PGRST202' }), 'database_refused'],
  ])('%s: 503, to be delivered again, and an error in the log', async (_, failure, code) => {
    const { crm } = inMemoryIngest({ 1: failure })
    const { fetch, lines } = webhook(crm)
    const first = await answer(fetch, signedPost(body))
    expect(first.status).toBe(503)
    expect(first.body.code).toBe(code)
    expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'error', status: 503, code }])
    expect((await answer(fetch, signedPost(body))).body).toEqual({ received: 501, duplicates: 0, failed: 0 })
  })

  it('acknowledges nothing when a later slice fails, and the retry finds the first slice again', async () => {
    const { crm } = inMemoryIngest({ 2: rpcError({ status: 0 }) })
    const { fetch } = webhook(crm)
    expect((await fetch(signedPost(body))).status).toBe(503)
    expect((await answer(fetch, signedPost(body))).body).toEqual({ received: 501, duplicates: 500, failed: 0 })
  })

  it('answers 500 to a fault of its own, which the provider repeats too', async () => {
    const { fetch } = webhook(fakeCrm(), {
      parse: () => {
        throw new TypeError('a fault')
      },
    })
    const { status, body: error } = await answer(fetch, signedPost(body, { secret: APP_SECRET }))
    expect(status).toBe(500)
    expect(error).toEqual({ code: 'internal_error', message: 'Something went wrong on our side.' })
  })
})
