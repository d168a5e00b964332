import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKeys, signLegacyKey, signUserToken } from '../../../src/local/gateway/keys.ts'
import { type Probe, startProbe } from './kit.ts'

let probe: Probe
beforeAll(async () => {
  probe = await startProbe()
})
afterAll(() => probe.stop())

const send: Probe['send'] = (...args) => probe.send(...args)
const call: Probe['call'] = (...args) => probe.call(...args)

describe('who is calling', () => {
  test('keys decide the role', async () => {
    expect((await call('whoami')).json).toMatchObject({ role: 'service_role', jwt_role: 'service_role' })
    expect((await call('whoami', {}, { key: probe.keys.publishableKey })).json).toMatchObject({ role: 'anon' })
    const legacy = await signLegacyKey(probe.keys, 'service_role')
    const asLegacy = { key: legacy, headers: { authorization: `Bearer ${legacy}` } }
    expect((await call('whoami', {}, asLegacy)).json).toMatchObject({ role: 'service_role' })
  })

  test("a user's token decides over the key, and its claims reach the database", async () => {
    const sub = crypto.randomUUID()
    const token = await signUserToken(probe.keys, { sub, role: 'authenticated' })
    const headers = { authorization: `Bearer ${token}`, 'x-probe': 'héllo'.normalize('NFD').replace(/[^a-z]/g, '') }
    expect((await call('whoami', {}, { key: probe.keys.publishableKey, headers })).json).toEqual({
      role: 'authenticated',
      uid: sub,
      jwt_role: 'authenticated',
      method: 'POST',
      path: '/rpc/whoami',
      agent: 'hello',
      timeout: '8s',
    })
  })

  test('time limits are those of the role', async () => {
    expect((await call('whoami', {}, { key: probe.keys.publishableKey })).json).toMatchObject({ timeout: '3s' })
    expect((await call('whoami')).json).toMatchObject({ timeout: '8s' })
  })

  test('no key, a wrong key, a foreign token and an expired token are 401', async () => {
    expect((await fetch(`${probe.url}/rest/v1/items`)).status).toBe(401)
    expect(await call('whoami', {}, { key: 'sb_secret_wrong' })).toMatchObject({ status: 401 })
    const foreign = await signUserToken(await generateKeys(), { role: 'service_role' })
    const asForeign = { key: probe.keys.publishableKey, headers: { authorization: `Bearer ${foreign}` } }
    expect(await call('whoami', {}, asForeign)).toMatchObject({ status: 401, json: { code: 'PGRST301' } })
    const expired = await signUserToken(probe.keys, { role: 'authenticated' }, -10)
    const asExpired = { key: probe.keys.publishableKey, headers: { authorization: `Bearer ${expired}` } }
    expect(await call('whoami', {}, asExpired)).toMatchObject({ status: 401, json: { code: 'PGRST303' } })
  })

  test('a refusal of the database is 401 for anon and 403 for a user', async () => {
    expect(await call('secret', {}, { key: probe.keys.publishableKey })).toMatchObject({
      status: 401,
      json: { code: '42501' },
    })
    const headers = { authorization: `Bearer ${await signUserToken(probe.keys, { role: 'authenticated' })}` }
    expect(await call('secret', {}, { key: probe.keys.publishableKey, headers })).toMatchObject({ status: 403 })
    expect(await call('secret')).toMatchObject({ status: 200, text: '1' })
    expect(await send('/rest/v1/items', { key: probe.keys.publishableKey })).toMatchObject({ status: 401 })
  })
})

test('supabase-js signs a user in and acts as that user', async () => {
  const admin = createClient(probe.url, probe.keys.secretKey, { auth: { persistSession: false } })
  const email = 'operator@example.com'
  const made = await admin.auth.admin.createUser({ email, password: 'correct horse', email_confirm: true })
  expect(made.error).toBeNull()
  expect((await admin.auth.admin.createUser({ email, password: 'correct horse' })).error?.code).toBe('email_exists')

  const client = createClient(probe.url, probe.keys.publishableKey, {
    auth: { persistSession: false },
    db: { schema: 'probe' },
  })
  expect((await client.auth.signInWithPassword({ email, password: 'wrong' })).error?.code).toBe('invalid_credentials')
  expect((await client.auth.signInWithPassword({ email, password: 'correct horse' })).error).toBeNull()
  expect((await client.rpc('whoami')).data).toMatchObject({ role: 'authenticated', uid: made.data.user?.id })
  expect((await client.auth.getUser()).data.user?.email).toBe(email)
  expect((await client.auth.refreshSession()).error).toBeNull()
  expect((await client.from('items').select('id', { count: 'exact' }).in('id', [1, 2]).order('id')).count).toBe(2)
  expect((await client.from('items').select('*').eq('id', 1).single()).data).toMatchObject({ name: 'item 1' })
  expect((await client.auth.getClaims()).data?.claims.email).toBe(email)
  await client.auth.signOut()
})
