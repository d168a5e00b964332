import { itCalls } from './kit.ts'

const transformed = { processed: 1, created: 1, updated: 0, upgraded: 0, skipped: 0, failed: 0 }

itCalls([
  [
    'land_raw_records',
    (crm) =>
      crm.landRawRecords({
        channelAccountId: 'a1',
        entity: 'chats',
        records: [{ chat_id: 'c1' }],
        resource: 'b2chat:M1:export',
        lockToken: 't1',
        cursor: { window: '2026-01-01' },
        runId: 'r1',
      }),
    {
      p_channel_account_id: 'a1',
      p_entity: 'chats',
      p_records: [{ chat_id: 'c1' }],
      p_rejected: [],
      p_resource: 'b2chat:M1:export',
      p_lock_token: 't1',
      p_cursor: { window: '2026-01-01' },
      p_run_id: 'r1',
    },
    [{ landed: 1, unchanged: 0 }],
    { landed: 1, unchanged: 0 },
  ],
  [
    'transform_raw_contacts',
    (crm) => crm.transformRawContacts({ run: { runId: 'r1', token: 't1' } }),
    { p_limit: 500, p_run_id: 'r1', p_token: 't1' },
    [transformed],
    transformed,
  ],
  [
    'transform_raw_chats',
    (crm) => crm.transformRawChats({ limit: 7, run: { runId: 'r1', token: 't1', workspaceId: 'w1' } }),
    { p_limit: 7, p_run_id: 'r1', p_token: 't1', p_workspace_id: 'w1' },
    [transformed],
    transformed,
  ],
])
