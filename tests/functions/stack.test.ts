/** The functions on Deno, behind the gateway, with the real database: what a provider and a member see. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type CrmClient, createCrmClient } from '../../src/crm/client.ts'
import { externalStack, type Stack, startStack } from '../../src/local/stack.ts'
import { APP_SECRET, delivery, signature, textEvent, VERIFY_TOKEN } from './webhook-kit.ts'

/** On a stack that was there before, nobody may stop the database or read the log. */
const isLocal = externalStack() === null
const page = `PAGE-${randomUUID()}`
/** Of the stack that was there before, as plain text; the local one gets the test's own. */
const appSecret = process.env.META_APP_SECRET ?? APP_SECRET
const verifyToken = process.env.META_VERIFY_TOKEN ?? VERIFY_TOKEN

let dataDir: string
let stack: Stack
let crm: CrmClient
let workspaceId: string
let logs = ''

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'onefold-functions-'))
  stack = await startStack({
    dataDir,
    throwAway: true,
    secrets: { META_APP_SECRET: appSecret, META_VERIFY_TOKEN: verifyToken },
    onFunctionLog: (text) => {
      logs += text
    },
  })
  crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
  workspaceId = await crm.createWorkspace({ slug: `doorway-${randomUUID()}`, name: 'Doorway', defaultCountry: 'CO' })
  await crm.connectChannel({ workspaceId, channel: 'messenger', externalId: page, displayName: 'Ventas' })
})

afterAll(async () => {
  await stack?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function send(body: unknown, signed = signature(JSON.stringify(body), appSecret)) {
  const response = await fetch(`${stack.url}/functions/v1/messenger-webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signed },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

async function stats(headers: Record<string, string>) {
  const response = await fetch(`${stack.url}/functions/v1/sync-stats?workspaceId=${workspaceId}`, { headers })
  return { status: response.status, body: await response.json() }
}

describe('messenger-webhook', () => {
  it('answers the handshake', async () => {
    const query = `hub.mode=subscribe&hub.verify_token=${encodeURIComponent(verifyToken)}&hub.challenge=1158201444`
    const response = await fetch(`${stack.url}/functions/v1/messenger-webhook?${query}`)
    expect(await response.text()).toBe('1158201444')
  })

  it('stores a signed message once, whatever the provider repeats, and one bad event apart', async () => {
    const text = `MARKTEXT 👩‍👩‍👧 ¿cuánto? ${'ñ'.repeat(10_000)}`
    const body = delivery({ [page]: [textEvent('PSID-A', 'm_a1', text, page), { broken: 'MARKTEXT' }] })
    expect(await send(body)).toEqual({ status: 200, body: { received: 2, duplicates: 0, failed: 1 } })
    expect(await send(body)).toEqual({ status: 200, body: { received: 2, duplicates: 1, failed: 1 } })
  })

  it.runIf(isLocal)('logs the request, and nothing of what was said', async () => {
    await send(delivery({ [page]: [textEvent('PSID-E', 'm_e1', 'MARKTEXT', page)] }))
    const line = /"route":"messenger-webhook","method":"POST","status":200/g
    await vi.waitFor(() => expect(logs.match(line)?.length).toBeGreaterThanOrEqual(3))
    expect(logs).not.toContain('MARKTEXT')
  })

  it('refuses another signature and stores nothing', async () => {
    const before = await crm.contactSyncStats({ workspaceId })
    const refused = await send(
      delivery({ [page]: [textEvent('PSID-B', 'm_b1', 'Hola', page)] }),
      `sha256=${'0'.repeat(64)}`,
    )
    expect(refused).toMatchObject({ status: 401, body: { code: 'bad_signature' } })
    expect(await crm.contactSyncStats({ workspaceId })).toEqual(before)
  })

  it('answers 200 for an account that nobody connected', async () => {
    const body = delivery({ 'PAGE-unknown': [textEvent('PSID-C', 'm_c1', 'Hola', 'PAGE-unknown')] })
    expect(await send(body)).toEqual({ status: 200, body: { received: 1, duplicates: 0, failed: 1 } })
  })

  it.runIf(isLocal)('answers 503 while the database is away, and the retry lands once', async () => {
    const body = delivery({ [page]: [textEvent('PSID-D', 'm_d1', 'Hola', page)] })
    await stack.database?.stop()
    try {
      expect(await send(body)).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
    } finally {
      await stack.database?.start()
    }
    expect(await send(body)).toEqual({ status: 200, body: { received: 1, duplicates: 0, failed: 0 } })
    expect(await send(body)).toEqual({ status: 200, body: { received: 1, duplicates: 1, failed: 0 } })
  })
})

describe('sync-stats', () => {
  it('answers a member and a secret key alike, and nobody else', async () => {
    const password = randomUUID()
    const member = await stack.signIn(`${randomUUID()}@example.com`, password)
    const stranger = await stack.signIn(`${randomUUID()}@example.com`, password)
    await crm.addMember({ workspaceId, userId: member.id, role: 'viewer' })
    const asMember = await stats({ authorization: `Bearer ${member.accessToken}`, apikey: stack.publishableKey })
    expect(asMember).toMatchObject({ status: 200, body: { synced: { contacts: expect.any(Number) } } })
    expect(await stats({ apikey: stack.secretKey })).toEqual(asMember)
    expect(
      await stats({ authorization: `Bearer ${stranger.accessToken}`, apikey: stack.publishableKey }),
    ).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    })
    expect(await stats({ apikey: stack.publishableKey })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    })
  })
})

describe('contact-reconcile', () => {
  it('reconciles for an admin and a secret key, and for nobody below', async () => {
    const reconcile = async (headers: Record<string, string>) => {
      const response = await fetch(`${stack.url}/functions/v1/contact-reconcile`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ workspaceId }),
      })
      return { status: response.status, body: await response.json() }
    }
    const [admin, agent] = await Promise.all(
      (['admin', 'agent'] as const).map(async (role) => {
        const user = await stack.signIn(`${randomUUID()}@example.com`, randomUUID())
        await crm.addMember({ workspaceId, userId: user.id, role })
        return { authorization: `Bearer ${user.accessToken}`, apikey: stack.publishableKey }
      }),
    )
    const done = {
      success: true,
      results: { orphanedChatsFixed: 0, stubsMerged: 0, staleStubsFound: 0, mergeCandidatesFound: 0, errors: [] },
      hasMore: false,
    }
    expect(await reconcile({ ...admin })).toEqual({ status: 200, body: done })
    expect(await reconcile({ apikey: stack.secretKey })).toEqual({ status: 200, body: done })
    expect(await reconcile({ ...agent })).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(await reconcile({ apikey: stack.publishableKey })).toMatchObject({ status: 401 })
  })
})
