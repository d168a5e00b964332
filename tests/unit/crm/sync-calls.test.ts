import { createClient } from '@supabase/supabase-js'
import { afterEach, expect, it } from 'vitest'
import type { CrmClient } from '../../../src/crm/client.ts'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { createCrmClient } from '../../../src/crm/supabase-client.ts'
import { type FakeRest, startFakeRest } from '../../functions/fake-rest.ts'

let rest: FakeRest | undefined
afterEach(() => rest?.close())

async function client(status: number, body: unknown): Promise<{ crm: CrmClient; fake: FakeRest }> {
  const fake = await startFakeRest(() => ({ status, body }))
  rest = fake
  const supabase = createClient(fake.url, 'sb_secret_test', { auth: { persistSession: false } })
  return { crm: createCrmClient(supabase, { retries: 0, minTimeout: 0, maxTimeout: 0 }), fake }
}

const counts = { items: 3, created: 1, updated: 1, unchanged: 0, failed: 1, rejected: 2, total_estimate: 40 }
const running = {
  ...counts,
  run_id: 'r1',
  pages: 1,
  mode: 'full',
  since: null,
  status: 'running',
  token: 't1',
  cursor: { after: 'x' },
  resumed: true,
  fencing_token: 2,
  expires_at: '2026-01-01T00:05:00+00:00',
}
const finished = { ...counts, run_id: 'r1', pages: 1, mode: 'full', since: null, status: 'completed', token: null }
const page = {
  ...counts,
  expires_at: '2026-01-01T00:05:00+00:00',
  run_pages: 1,
  run_items: 3,
  run_created: 1,
  run_updated: 1,
  run_unchanged: 0,
  run_failed: 1,
  run_rejected: 2,
}
const rejected = [{ reason: 'malformed' as const, path: '$.data[0]', item: 7, what: 'message' }]
const transformed = { processed: 1, created: 1, updated: 0, upgraded: 0, skipped: 0, failed: 0 }
const begin = { channelAccountId: 'a1', resource: 'messenger:P1:conversations', mode: 'full', holder: 'me' } as const

it.each<[string, (crm: CrmClient) => Promise<unknown>, Record<string, unknown>, unknown, unknown]>([
  [
    'start_sync',
    (crm) => crm.startSync(begin),
    { p_channel_account_id: 'a1', p_resource: 'messenger:P1:conversations', p_mode: 'full', p_holder: 'me' },
    [running],
    running,
  ],
  [
    'start_sync',
    (crm) => crm.startSync({ ...begin, runId: 'r1' }),
    {
      p_channel_account_id: 'a1',
      p_resource: 'messenger:P1:conversations',
      p_mode: 'full',
      p_holder: 'me',
      p_run_id: 'r1',
    },
    [{ ...finished, cursor: {}, resumed: false, fencing_token: null, expires_at: null }],
    finished,
  ],
  [
    'commit_sync_page',
    (crm) => crm.commitSyncPage({ runId: 'r1', token: 't1', items: [], cursor: null }),
    { p_run_id: 'r1', p_token: 't1', p_items: [], p_cursor: null, p_rejected: [] },
    [page],
    page,
  ],
  [
    'commit_sync_page',
    (crm) =>
      crm.commitSyncPage({
        runId: 'r1',
        token: 't1',
        items: [{ thread_id: 'x', events: [] }],
        cursor: { after: 'x' },
        totalEstimate: 40,
        rejected,
        workspaceId: 'w1',
      }),
    {
      p_run_id: 'r1',
      p_token: 't1',
      p_items: [{ thread_id: 'x', events: [] }],
      p_cursor: { after: 'x' },
      p_total_estimate: 40,
      p_rejected: rejected,
      p_workspace_id: 'w1',
    },
    [page],
    page,
  ],
  [
    'finish_sync',
    (crm) => crm.finishSync({ runId: 'r1', token: 't1', status: 'failed', error: 'reconnect', workspaceId: 'w1' }),
    { p_run_id: 'r1', p_token: 't1', p_status: 'failed', p_error: 'reconnect', p_workspace_id: 'w1' },
    null,
    undefined,
  ],
  [
    'finish_sync',
    (crm) => crm.finishSync({ runId: 'r1', token: 't1', status: 'completed', keepCursor: true }),
    { p_run_id: 'r1', p_token: 't1', p_status: 'completed', p_keep_cursor: true },
    null,
    undefined,
  ],
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
  [
    'take_rate_limit',
    (crm) => crm.takeRateLimit({ bucket: 'messenger:P1', cost: 2 }),
    { p_bucket: 'messenger:P1', p_cost: 2 },
    [{ granted: true, retry_after: null, retry_after_ms: null }],
    { granted: true },
  ],
  [
    'take_rate_limit',
    (crm) => crm.takeRateLimit({ bucket: 'messenger:P1' }),
    { p_bucket: 'messenger:P1', p_cost: 1 },
    [{ granted: false, retry_after: '00:00:01.5', retry_after_ms: 1500 }],
    { granted: false, retry_after_ms: 1500 },
  ],
  [
    'set_rate_limit',
    (crm) => crm.setRateLimit({ bucket: 'messenger:P1', capacity: 10, refillPerSecond: 0.5 }),
    { p_bucket: 'messenger:P1', p_capacity: 10, p_refill_per_second: 0.5 },
    null,
    undefined,
  ],
  [
    'block_rate_limit',
    (crm) => crm.blockRateLimit({ bucket: 'messenger:P1', seconds: 90 }),
    { p_bucket: 'messenger:P1', p_for: '90 seconds' },
    null,
    undefined,
  ],
])('%s is called by its names, and its answer read', async (rpc, act, args, answer, result) => {
  const { crm, fake } = await client(200, answer)
  expect(await act(crm)).toEqual(result)
  expect(fake.calls).toEqual([expect.objectContaining({ rpc, args, profile: 'crm' })])
})

it.each([
  ['a running run without a token', [{ ...running, token: null }]],
  ['a running run without a cursor', [{ ...running, cursor: null }]],
  ['no run', []],
])('%s is no start', async (_, body) => {
  const { crm } = await client(200, body)
  await expect(crm.startSync(begin)).rejects.toBeInstanceOf(RpcError)
})

it('a lock that is held is an error that says by whom', async () => {
  const detail = {
    code: 'lock_held',
    resource: begin.resource,
    held_by: 'you',
    expires_at: '2026-01-01T00:05:00+00:00',
  }
  const { crm } = await client(409, { code: 'PT409', message: 'held', details: JSON.stringify(detail), hint: 'Wait.' })
  await expect(crm.startSync(begin)).rejects.toMatchObject({ status: 409, stableCode: 'lock_held', detail })
})
