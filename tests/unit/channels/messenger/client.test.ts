import { describe, expect, it } from 'vitest'
import { createGraphClient } from '../../../../src/channels/messenger/client.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { clientFor, conversation, FakeGraph, NOW, PAGE } from './fake-graph.ts'

const now = Date.parse(NOW)
const graph = () =>
  new FakeGraph([conversation('t_0', now, 5), { ...conversation('t_1', now - 60_000, 0), messages: [] }])

describe('the Graph client', () => {
  it('lists conversations with their newest messages, translated', async () => {
    const { client } = clientFor(graph().fetch)
    const page = await client.listConversations({ after: null, limit: 10, nested: 2 }, {})
    expect(page).toMatchObject({ rest: undefined, total: null, rejected: [] })
    expect(page.conversations).toMatchObject([
      {
        thread: { id: 't_0', participant: { id: 'PSID_t_0', name: 'Person t_0' }, updatedAt: now },
        item: { thread_id: 't_0', events: [{ provider_message_id: 'm_t_0_4' }, { provider_message_id: 'm_t_0_3' }] },
        rest: { after: '2' },
        oldestMessage: now - 60_000,
      },
      { item: { thread_id: 't_1', events: [] }, rest: undefined, oldestMessage: null },
    ])
  })

  it('lists a thread’s messages as the thread’s item', async () => {
    const { client } = clientFor(graph().fetch)
    const thread = { id: 't_0', participant: { id: 'PSID_t_0' }, updatedAt: now }
    const page = await client.listMessages({ thread, after: '3', limit: 10 }, {})
    const participant = { identities: [{ kind: 'psid', scope: PAGE, value: 'PSID_t_0' }] }
    expect(page.item).toMatchObject({ thread_id: 't_0', participant, updated_at: now })
    expect(page.item.events).toMatchObject([{ provider_message_id: 'm_t_0_1' }, { provider_message_id: 'm_t_0_0' }])
    expect(page).toMatchObject({ rest: undefined, oldestMessage: now - 4 * 60_000 })
  })

  it('goes by the system’s clock and its own retries unless told otherwise', async () => {
    const options = {
      pageId: PAGE,
      token: 't',
      baseUrl: 'https://graph.test',
      acquire: async () => {},
      onUsage: () => {},
    }
    const client = createGraphClient({ ...options, fetch: graph().fetch })
    expect(Math.abs(client.now() - systemClock.now())).toBeLessThan(60_000)
    expect((await client.listConversations({ after: null, limit: 1, nested: 1 }, {})).conversations).toHaveLength(1)
  })
})
