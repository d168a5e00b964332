/** The deployed files themselves, run as plain fetch functions against a loopback database API. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import b2chatSync from '../../functions/b2chat-sync/index.ts'
import messengerWebhook from '../../functions/messenger-webhook/index.ts'
import syncStats from '../../functions/sync-stats/index.ts'
import whatsappWebhook from '../../functions/whatsapp-webhook/index.ts'
import { callsOf, type FakeRest, type RestAnswer, SAME_VERSION, startFakeRest } from './fake-rest.ts'
import { APP_SECRET, delivery, signedPost, textEvent, VERIFY_TOKEN } from './webhook-kit.ts'

const WORKSPACE = '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10'
const SECRET_KEY = 'sb_secret_of_the_test'
const COUNTS = { received: 1, duplicates: 0, failed: 0 }
const STATS = { contacts: 3, contacts_needing_sync: 2, stale_stubs: 1, conversations: 4, orphaned_conversations: 5 }

let rest: FakeRest
let answer: RestAnswer
let userToken: (subject: string) => Promise<string>
const logged: string[] = []

beforeAll(async () => {
  rest = await startFakeRest(({ rpc }) => (rpc === 'schema_version' ? SAME_VERSION : answer))
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }
  userToken = (subject) =>
    new SignJWT({ role: 'authenticated' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject(subject)
      .setExpirationTime('1h')
      .sign(privateKey)
  vi.stubEnv('SUPABASE_URL', rest.url)
  vi.stubEnv('SUPABASE_PUBLISHABLE_KEYS', '{"default":"sb_publishable_of_the_test"}')
  vi.stubEnv('SUPABASE_SECRET_KEYS', JSON.stringify({ default: SECRET_KEY, cron: 'sb_secret_of_cron' }))
  vi.stubEnv('SUPABASE_JWKS', JSON.stringify(jwks))
  vi.stubEnv('META_APP_SECRET', APP_SECRET)
  vi.stubEnv('META_VERIFY_TOKEN', VERIFY_TOKEN)
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await rest.close()
})

beforeEach(() => {
  rest.calls.length = 0
  logged.length = 0
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => logged.push(line))
  }
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('messenger-webhook', () => {
  const body = delivery({ PAGE1: [textEvent('PSID1', 'm_1', 'Hola')] })

  it('ingests a signed delivery with the service role', async () => {
    answer = { status: 200, body: [{ ...COUNTS, items: [[1, 0, 0]] }] }
    const response = await messengerWebhook.fetch(signedPost(body))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(COUNTS)
    expect(callsOf(rest)).toMatchObject([
      {
        rpc: 'ingest_webhook',
        profile: 'crm',
        apikey: SECRET_KEY,
        args: { p_channel: 'messenger', p_account_external_id: 'PAGE1', p_rejected: [] },
      },
    ])
    expect(logged).toHaveLength(1)
  })

  it('refuses a delivery without a signature', async () => {
    expect((await messengerWebhook.fetch(signedPost(body, { signature: null }))).status).toBe(401)
    expect(callsOf(rest)).toEqual([])
  })

  it('answers the handshake', async () => {
    const query = `hub.mode=subscribe&hub.verify_token=${VERIFY_TOKEN}&hub.challenge=7`
    const response = await messengerWebhook.fetch(new Request(`http://127.0.0.1/messenger-webhook?${query}`))
    expect(await response.text()).toBe('7')
  })

  it('counts the bytes of a body whose length nobody announced', async () => {
    const part = new Uint8Array(1024 * 1024)
    const parts = [part, part, part, part]
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = parts.shift()
        if (next) controller.enqueue(next)
        else controller.close()
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' }
    expect((await messengerWebhook.fetch(new Request('http://127.0.0.1/messenger-webhook', init))).status).toBe(413)
  })
})

describe('whatsapp-webhook', () => {
  it('ingests a signed delivery for the phone number it came to', async () => {
    answer = { status: 200, body: [{ ...COUNTS, items: [[1, 0, 0]] }] }
    const value = {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '573001112233', phone_number_id: 'PN1' },
      contacts: [{ profile: { name: 'Ana' }, wa_id: '573009998877' }],
      messages: [
        { from: '573009998877', id: 'wamid.A1', timestamp: '1763700000', type: 'text', text: { body: 'Hola' } },
      ],
    }
    const entry = [{ id: 'WABA1', changes: [{ field: 'messages', value }] }]
    const response = await whatsappWebhook.fetch(signedPost({ object: 'whatsapp_business_account', entry }))
    expect(response.status).toBe(200)
    expect(callsOf(rest)).toMatchObject([{ args: { p_channel: 'whatsapp', p_account_external_id: 'PN1' } }])
    expect(logged.join()).not.toMatch(/573009998877|Ana|Hola/)
  })
})

describe('sync-stats', () => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    syncStats.fetch(new Request(`http://127.0.0.1/functions/v1/sync-stats${query}`, { headers }))

  it('answers a member, asking the database as that user', async () => {
    answer = { status: 200, body: [STATS] }
    const token = await userToken('user-1')
    const response = await get(`?workspaceId=${WORKSPACE}`, { authorization: `Bearer ${token}` })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      synced: { contacts: 3, contactsNeedingSync: 2, chats: 4 },
      staleStubs: 1,
      orphanedConversations: 5,
    })
    expect(callsOf(rest)).toMatchObject([
      { rpc: 'contact_sync_stats', authorization: `Bearer ${token}`, args: { p_workspace_id: WORKSPACE } },
    ])
  })

  it.each([SECRET_KEY, 'sb_secret_of_cron'])('answers a secret key, asking with it: %s', async (apikey) => {
    answer = { status: 200, body: [STATS] }
    expect((await get(`?workspaceId=${WORKSPACE}`, { apikey })).status).toBe(200)
    expect(callsOf(rest)).toMatchObject([{ apikey }])
  })

  it('passes on that the database knows the user as no member, readable for a browser', async () => {
    const details = '{"code":"forbidden"}'
    answer = { status: 403, body: { code: 'PT403', message: 'Not a member.', details, hint: 'Ask an owner.' } }
    const response = await get(`?workspaceId=${WORKSPACE}`, { authorization: `Bearer ${await userToken('user-2')}` })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ code: 'forbidden', message: 'Not a member.', hint: 'Ask an owner.' })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({ status: 403, code: 'forbidden', rpc: 'contact_sync_stats' })
  })

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['no credential', async () => ({})],
    ['a token nobody signed', async () => ({ authorization: 'Bearer not.a.token' })],
    ['a publishable key', async () => ({ apikey: 'sb_publishable_of_the_test' })],
    ['a wrong secret key', async () => ({ apikey: 'sb_secret_guess' })],
    [
      'a token with another signature',
      async () => ({ authorization: `Bearer ${(await userToken('u')).slice(0, -4)}AAAA` }),
    ],
  ])('refuses %s', async (_, headers) => {
    const response = await get(`?workspaceId=${WORKSPACE}`, await headers())
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ code: 'unauthenticated', message: expect.any(String) })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('x-request-id')).not.toBeNull()
    expect(callsOf(rest)).toEqual([])
    expect(logged).toHaveLength(1)
  })

  it.each(['', '?workspaceId=', '?workspaceId=acme', `?workspaceId=${WORKSPACE}0`])('refuses "%s"', async (query) => {
    const response = await get(query, { apikey: SECRET_KEY })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_input' })
    expect(callsOf(rest)).toEqual([])
  })

  it('says when the database is away', async () => {
    answer = { status: 503, body: { code: 'PGRST002', message: 'no schema cache', details: null, hint: null } }
    const response = await get(`?workspaceId=${WORKSPACE}`, { apikey: SECRET_KEY })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).not.toBeNull()
    expect(await response.json()).toMatchObject({ code: 'database_unavailable' })
  })

  it('serves GET, and answers a browser that asks first', async () => {
    const request = (method: string) =>
      new Request('http://127.0.0.1/sync-stats', { method, headers: { apikey: SECRET_KEY } })
    expect((await syncStats.fetch(request('POST'))).status).toBe(405)
    expect((await syncStats.fetch(request('OPTIONS'))).status).toBe(204)
  })
})

describe('b2chat-sync', () => {
  const account = {
    workspace_id: WORKSPACE,
    channel: 'b2chat',
    external_id: 'MERCHANT1',
    settings: {},
    is_active: true,
  }
  const post = (headers: Record<string, string>, body: unknown = { channelAccountId: WORKSPACE }, method = 'POST') =>
    b2chatSync.fetch(
      new Request('http://127.0.0.1/functions/v1/b2chat-sync', {
        method,
        headers,
        ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
      }),
    )

  it('refuses whoever has no credential', async () => {
    expect((await post({})).status).toBe(401)
    expect(callsOf(rest)).toEqual([])
  })

  it('asks the database as the user whether the user may sync the account', async () => {
    const details = '{"code":"forbidden"}'
    answer = { status: 403, body: { code: 'PT403', message: 'Not an admin.', details, hint: null } }
    const token = await userToken('user-3')
    const response = await post({ authorization: `Bearer ${token}` })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ code: 'forbidden', message: 'Not an admin.' })
    expect(callsOf(rest)).toMatchObject([
      { rpc: 'channel_account', authorization: `Bearer ${token}`, args: { p_channel_account_id: WORKSPACE } },
    ])
  })

  it('names the secret that is missing, and takes no lock', async () => {
    answer = { status: 200, body: [account] }
    const response = await post({ apikey: SECRET_KEY })
    expect(response.status).toBe(424)
    expect(await response.json()).toMatchObject({
      code: 'missing_secret',
      message: expect.stringContaining('B2CHAT_CREDENTIALS'),
    })
    expect(callsOf(rest)).toHaveLength(1)
  })

  it.each([{}, { channelAccountId: 'MERCHANT1' }, [], null])('refuses the body %j', async (body) => {
    const response = await post({ apikey: SECRET_KEY }, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_input' })
    expect(callsOf(rest)).toEqual([])
  })

  it('serves POST only', async () => {
    const response = await post({ apikey: SECRET_KEY }, undefined, 'GET')
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })
})
