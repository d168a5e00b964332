/** The deployed file over a loopback database API, and its handler with a clock and a client of the test's own. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import contactReconcileFunction from '../../functions/contact-reconcile/index.ts'
import type { ReconcileOutcome } from '../../src/crm/contacts.ts'
import { contactReconcile } from '../../src/http/contact-reconcile.ts'
import type { LogFields } from '../../src/http/log.ts'
import { fakeCrm, rpcError } from './fake-crm.ts'
import { callsOf, type FakeRest, type RestAnswer, type RestCall, SAME_VERSION, startFakeRest } from './fake-rest.ts'

const WORKSPACE = '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10'
const SECRET_KEY = 'sb_secret_of_the_test'

function outcome(has_more: boolean, fixed = 1): ReconcileOutcome {
  return {
    orphaned_conversations_fixed: fixed,
    stubs_merged: 2,
    stale_stubs_found: 7,
    merge_candidates_found: 5,
    has_more,
  }
}

const post = (body: unknown, headers: Record<string, string> = {}) =>
  new Request('http://127.0.0.1/functions/v1/contact-reconcile', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('the function', () => {
  let rest: FakeRest
  let answers: (call: RestCall) => RestAnswer
  let userToken: string
  const logged: string[] = []

  beforeAll(async () => {
    rest = await startFakeRest((call) => (call.rpc === 'schema_version' ? SAME_VERSION : answers(call)))
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    userToken = await new SignJWT({ role: 'authenticated' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject('user-1')
      .setExpirationTime('1h')
      .sign(privateKey)
    vi.stubEnv('SUPABASE_URL', rest.url)
    vi.stubEnv('SUPABASE_PUBLISHABLE_KEYS', '{"default":"sb_publishable_of_the_test"}')
    vi.stubEnv('SUPABASE_SECRET_KEYS', JSON.stringify({ default: SECRET_KEY }))
    vi.stubEnv(
      'SUPABASE_JWKS',
      JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }),
    )
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await rest.close()
  })
  beforeEach(() => {
    rest.calls.length = 0
    logged.length = 0
    answers = () => ({ status: 200, body: [outcome(false)] })
    for (const level of ['info', 'warn', 'error'] as const) {
      vi.spyOn(console, level).mockImplementation((line: string) => logged.push(line))
    }
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it.each<[string, Record<string, string>]>([
    ['nobody', {}],
    ['a token nobody signed', { authorization: 'Bearer not.a.token' }],
    ['a publishable key', { apikey: 'sb_publishable_of_the_test' }],
  ])('refuses %s', async (_, headers) => {
    const response = await contactReconcileFunction.fetch(post({ workspaceId: WORKSPACE }, headers))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
    expect(callsOf(rest)).toEqual([])
  })

  it('reconciles for a secret key, with the service role', async () => {
    const response = await contactReconcileFunction.fetch(post({ workspaceId: WORKSPACE }, { apikey: SECRET_KEY }))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      success: true,
      results: { orphanedChatsFixed: 1, stubsMerged: 2, staleStubsFound: 7, mergeCandidatesFound: 5, errors: [] },
      hasMore: false,
    })
    expect(callsOf(rest)).toMatchObject([
      { rpc: 'reconcile_contacts', apikey: SECRET_KEY, args: { p_workspace_id: WORKSPACE } },
    ])
  })

  it("asks the database for a member's role as that member, and only then reconciles", async () => {
    answers = (call) =>
      call.rpc === 'require_role' ? { status: 200, body: '' } : { status: 200, body: [outcome(false)] }
    const response = await contactReconcileFunction.fetch(
      post({ workspaceId: WORKSPACE }, { authorization: `Bearer ${userToken}` }),
    )
    expect(response.status).toBe(200)
    expect(callsOf(rest)).toMatchObject([
      {
        rpc: 'require_role',
        authorization: `Bearer ${userToken}`,
        args: { p_workspace_id: WORKSPACE, p_least_role: 'admin' },
      },
      { rpc: 'reconcile_contacts', apikey: SECRET_KEY, authorization: `Bearer ${SECRET_KEY}` },
    ])
  })

  it('does nothing for a member below admin', async () => {
    const details = '{"code":"forbidden","needs":"admin"}'
    answers = () => ({ status: 403, body: { code: 'PT403', message: 'Admins only.', details, hint: 'Ask an owner.' } })
    const response = await contactReconcileFunction.fetch(
      post({ workspaceId: WORKSPACE }, { authorization: `Bearer ${userToken}` }),
    )
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ code: 'forbidden', message: 'Admins only.', hint: 'Ask an owner.' })
    expect(callsOf(rest).map((call) => call.rpc)).toEqual(['require_role'])
  })

  it('answers 500 when the database fails, and logs it without what it said', async () => {
    answers = () => ({
      status: 500,
      body: { code: 'XX000', message: 'MARK +573001112233', details: 'MARK Ana', hint: 'MARK' },
    })
    const response = await contactReconcileFunction.fetch(post({ workspaceId: WORKSPACE }, { apikey: SECRET_KEY }))
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ success: false, error: 'Reconciliation failed.' })
    expect(logged).toHaveLength(1)
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({
      level: 'error',
      route: 'contact-reconcile',
      status: 500,
      code: 'database_unavailable',
      rpc: 'reconcile_contacts',
      sqlstate: 'XX000',
    })
    expect(logged.join()).not.toContain('MARK')
  })

  it.each([
    ['no JSON', '{', 'invalid_json'],
    ['no workspace', {}, 'invalid_input'],
    ['no uuid', { workspaceId: 'acme' }, 'invalid_input'],
  ])('refuses %s', async (_, body, code) => {
    const response = await contactReconcileFunction.fetch(post(body, { apikey: SECRET_KEY }))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code })
    expect(callsOf(rest)).toEqual([])
  })

  it('serves POST, and answers a browser that asks first', async () => {
    const request = (method: string) =>
      new Request('http://127.0.0.1/contact-reconcile', { method, headers: { apikey: SECRET_KEY } })
    expect((await contactReconcileFunction.fetch(request('GET'))).status).toBe(405)
    expect((await contactReconcileFunction.fetch(request('OPTIONS'))).status).toBe(204)
  })
})

describe('the handler', () => {
  /** Runs it over calls that take 30 seconds each and answer one after the other; an error is thrown. */
  async function run(calls: (ReconcileOutcome | Error)[]) {
    let clock = 0
    let made = 0
    const noted: LogFields = {}
    const crm = fakeCrm({
      reconcileContacts: () => {
        clock += 30_000
        const next = calls[made]
        made += 1
        return next instanceof Error || next === undefined
          ? Promise.reject(next ?? new Error('one call too many'))
          : Promise.resolve(next)
      },
    })
    const handler = contactReconcile({ service: () => crm, now: () => clock })
    const scope = { requestId: 'req_0123456789', note: (fields: LogFields) => Object.assign(noted, fields) }
    const response = await handler(post({ workspaceId: WORKSPACE }), { mode: 'secret', crm: fakeCrm() }, scope)
    return { status: response.status, body: await response.json(), made, noted }
  }

  it('calls until nothing is left, and adds up what was fixed', async () => {
    const { status, body, made } = await run([outcome(true, 500), outcome(true, 20), outcome(false, 3)])
    expect({ status, made }).toEqual({ status: 200, made: 3 })
    expect(body).toEqual({
      success: true,
      results: { orphanedChatsFixed: 523, stubsMerged: 6, staleStubsFound: 7, mergeCandidatesFound: 5, errors: [] },
      hasMore: false,
    })
  })

  it('begins no call when its time is over, and says that there is more', async () => {
    const { body, made } = await run(Array.from({ length: 9 }, () => outcome(true)))
    expect(made).toBe(4)
    expect(body).toMatchObject({ success: true, results: { orphanedChatsFixed: 4 }, hasMore: true })
  })

  it('says what was fixed before a call failed', async () => {
    const { status, body, noted } = await run([outcome(true, 500), rpcError({ code: '57014' })])
    expect(status).toBe(500)
    expect(body).toMatchObject({
      success: false,
      error: 'Reconciliation failed.',
      code: 'database_unavailable',
      results: { orphanedChatsFixed: 500, errors: ['database_unavailable'] },
      hasMore: true,
    })
    expect(noted).toMatchObject({ code: 'database_unavailable', sqlstate: '57014' })
  })

  it('passes on what the database refuses', async () => {
    const unknown = rpcError({ code: 'PT404', status: 404, stableCode: 'not_found' })
    await expect(run([unknown])).rejects.toBe(unknown)
  })
})
