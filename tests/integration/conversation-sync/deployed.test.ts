/** The function as it is deployed, on Deno behind the gateway: who may call it, and what an admin gets. */
import { randomInt, randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCrmClient } from '../../../src/crm/client.ts'
import { externalStack } from '../../../src/local/stack.ts'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { type GraphSimulator, startGraphSimulator } from '../../simulators/graph/server.ts'

// The secrets of a stack that was there before are not ours to set.
describe.runIf(externalStack() === null)('conversation-sync', () => {
  let simulator: GraphSimulator
  let stack: TestStack
  let workspaceId: string
  let channelAccountId: string

  beforeAll(async () => {
    const pageId = String(randomInt(1e14, 2.8e14))
    const flaws = { conversations: 0.1, participantsMalformed: 0.1, messages: 0.1 }
    simulator = await startGraphSimulator({ world: { seed: 8, pageId, conversations: 40, messages: 200, flaws } })
    const token = { token: simulator.token, base_url: simulator.url }
    stack = await startTestStack({ secrets: { MESSENGER_TOKENS: JSON.stringify({ [pageId]: token }) } })
    const crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
    workspaceId = await crm.createWorkspace({ slug: `w-${randomUUID()}`, name: 'Deployed', defaultCountry: 'CO' })
    const account = { workspaceId, channel: 'messenger', externalId: pageId, displayName: 'Page' } as const
    channelAccountId = await crm.connectChannel(account)
  })
  afterAll(async () => {
    await stack?.stop()
    await simulator?.stop()
  })

  async function call(headers: Record<string, string>): Promise<Response> {
    return fetch(`${stack.url}/functions/v1/conversation-sync`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ channelAccountId }),
    })
  }

  async function callAs(role: 'admin' | 'agent'): Promise<Response> {
    const { id, accessToken } = await stack.signIn(`${role}-${randomUUID()}@acme.test`, 'a long password')
    await stack.database.pool.query('select crm.add_member($1, $2, $3)', [workspaceId, id, role])
    return call({ apikey: stack.publishableKey, authorization: `Bearer ${accessToken}` })
  }

  test('I22: neither a stranger nor an agent may', async () => {
    expect((await call({ apikey: stack.publishableKey })).status).toBe(401)
    expect((await callAs('agent')).status).toBe(403)
    expect(simulator.requests).toEqual([])
  })

  test('an admin syncs the page, then the secret key finds nothing new; nobody and nothing said is in the log', async () => {
    const response = await callAs('admin')
    const { conversations } = simulator.totals()
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      hasMore: false,
      resumeAt: null,
      progress: { mode: 'full', created: conversations, failed: 0 },
    })
    expect(simulator.counters()).toMatchObject({ tokenInUrl: 0, errors: {} })

    const again = await call({ apikey: stack.secretKey })
    expect(await again.json()).toMatchObject({ hasMore: false, progress: { mode: 'incremental', created: 0 } })

    const log = stack.functionLog()
    expect(log).toMatch(/"route":"conversation-sync".*"status":200.*"hasMore":false/)
    expect(log).not.toContain(simulator.token)
    const personal = simulator
      .expected()
      .flatMap(({ participant, messages }) => [
        ...(participant ? [participant.psid, participant.name] : []),
        ...messages.flatMap(({ id, text }) => (text === null || text.length < 8 ? [id] : [id, text])),
      ])
    expect(personal.length).toBeGreaterThan(200)
    expect(personal.filter((text) => log.includes(text))).toEqual([])
  })
})
