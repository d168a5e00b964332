/** The function as it is deployed, on Deno behind the gateway: who may call it, and what an admin gets. */
import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCrmClient } from '../../../src/crm/client.ts'
import { externalStack } from '../../../src/local/stack.ts'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createDataset } from '../../simulators/b2chat/people.ts'
import { type B2ChatSimulator, CLIENT, startB2ChatSimulator } from '../../simulators/b2chat/server.ts'

const merchant = `merchant-${randomUUID()}`
const firstDay = new Date(Date.now() - 4 * 86_400_000).toISOString().slice(0, 10)

// The secrets of a stack that was there before are not ours to set.
describe.runIf(externalStack() === null)('b2chat-sync', () => {
  let simulator: B2ChatSimulator
  let stack: TestStack
  let workspaceId: string
  let channelAccountId: string

  beforeAll(async () => {
    simulator = await startB2ChatSimulator({ dataset: createDataset({ seed: 5, people: 20, firstDay, days: 3 }) })
    const credentials = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, base_url: simulator.url }
    stack = await startTestStack({ secrets: { B2CHAT_CREDENTIALS: JSON.stringify({ [merchant]: credentials }) } })
    const crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
    workspaceId = await crm.createWorkspace({ slug: merchant, name: 'Deployed', defaultCountry: 'CO' })
    const account = { workspaceId, channel: 'b2chat', externalId: merchant, displayName: 'Merchant' } as const
    channelAccountId = await crm.connectChannel(account)
  })
  afterAll(async () => {
    await stack?.stop()
    await simulator?.stop()
  })

  async function callAs(role: 'admin' | 'agent'): Promise<Response> {
    const email = `${role}-${randomUUID()}@acme.test`
    const { id, accessToken } = await stack.signIn(email, 'a long password')
    await stack.database.pool.query('select crm.add_member($1, $2, $3)', [workspaceId, id, role])
    return fetch(`${stack.url}/functions/v1/b2chat-sync`, {
      method: 'POST',
      headers: {
        apikey: stack.publishableKey,
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ channelAccountId }),
    })
  }

  test('I22: an agent may not', async () => {
    expect((await callAs('agent')).status).toBe(403)
    expect(simulator.requests).toEqual([])
  })

  test('an admin syncs the account, and nobody is in the log', async () => {
    const response = await callAs('admin')
    expect(await response.json()).toMatchObject({
      hasMore: false,
      status: 'completed',
      progress: {
        failed: 0,
        contacts: { created: simulator.dataset.contacts.length },
        chats: { created: simulator.dataset.chats.length },
      },
    })
    expect(stack.functionLog()).toMatch(/"route":"b2chat-sync".*"status":200.*"hasMore":false/)
    expect(stack.functionLog()).not.toMatch(/\+57300|@example\.com|Ruiz/)
  })
})
