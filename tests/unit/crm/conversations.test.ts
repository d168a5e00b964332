import { expect, it } from 'vitest'
import { client, failure, itCalls } from './kit.ts'

const COUNTS = { received: 1, duplicates: 0, failed: 0, items: [[1, 0, 0]] }
const ingest = { channel: 'messenger', accountExternalId: 'PAGE1', items: [], rejected: [] } as const
const outcome = {
  conversation_id: 'c1',
  contact_id: null,
  version: 1,
  is_new: true,
  contact_outcome: 'ignored',
  events_inserted: 0,
  events_duplicate: 0,
  error: null,
}
const item = { thread_id: 't1', events: [] }

itCalls([
  [
    'ingest_webhook',
    (crm) => crm.ingestWebhook({ ...ingest, items: [], rejected: [] }),
    { p_channel: 'messenger', p_account_external_id: 'PAGE1', p_items: [], p_rejected: [] },
    [COUNTS],
    COUNTS,
  ],
  [
    'upsert_conversation_with_events',
    (crm) => crm.upsertConversationWithEvents({ channelAccountId: 'a1', item }),
    { p_channel_account_id: 'a1', p_item: item },
    [outcome],
    outcome,
  ],
  [
    'bulk_upsert_conversations_with_events',
    (crm) =>
      crm.bulkUpsertConversationsWithEvents({
        channelAccountId: 'a1',
        items: [item],
        lockToken: 'l1',
      }),
    { p_channel_account_id: 'a1', p_items: [item], p_lock_token: 'l1' },
    [{ ordinal: 1, ...outcome }],
    [{ ordinal: 1, ...outcome }],
  ],
  [
    'update_conversation',
    (crm) => crm.updateConversation({ conversationId: 'c1', expectedVersion: 4, patch: { status: 'closed' } }),
    { p_conversation_id: 'c1', p_expected_version: 4, p_patch: { status: 'closed' } },
    5,
    5,
  ],
])

it('an answer that leaves an item out is a failure', async () => {
  const { crm } = await client({ status: 200, body: [] })
  const call = crm.bulkUpsertConversationsWithEvents({ channelAccountId: 'a1', items: [{ events: [] }] })
  expect(await failure(call)).toMatchObject({ stableCode: 'unexpected_result' })
})
