import { expect, it } from 'vitest'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { client, itCalls } from './kit.ts'

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
  resource: 'messenger:P1:conversations',
  bucket: 'messenger:P1',
}
const finished = {
  ...counts,
  run_id: 'r1',
  pages: 1,
  mode: 'full',
  since: null,
  status: 'completed',
  token: null,
  resource: 'messenger:P1:conversations',
  bucket: 'messenger:P1',
}
const ended = { ...counts, pages: 1, mode: 'full' }
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
const begin = { channelAccountId: 'a1', mode: 'full', holder: 'me' } as const

const expires_at = '2026-01-01T00:05:00+00:00'
const lock = { acquired: true, token: 't1', fencing_token: 2, expires_at }

itCalls([
  [
    'acquire_sync_lock',
    (crm) => crm.acquireSyncLock({ resource: 'r', holder: 'me' }),
    { p_resource: 'r', p_holder: 'me' },
    [{ ...lock, held_by: null }],
    lock,
  ],
  [
    'acquire_sync_lock',
    (crm) => crm.acquireSyncLock({ resource: 'r', holder: 'me', ttl: 60 }),
    { p_resource: 'r', p_holder: 'me', p_ttl: '60 seconds' },
    [{ acquired: false, held_by: 'you', expires_at, token: null, fencing_token: null }],
    { acquired: false, held_by: 'you', expires_at },
  ],
  [
    'extend_sync_lock',
    (crm) => crm.extendSyncLock({ resource: 'r', token: 't1', ttl: 60 }),
    { p_resource: 'r', p_token: 't1', p_ttl: '60 seconds' },
    JSON.stringify(expires_at),
    expires_at,
  ],
  [
    'release_sync_lock',
    (crm) => crm.releaseSyncLock({ resource: 'r', token: 't1' }),
    { p_resource: 'r', p_token: 't1' },
    false,
    false,
  ],
  ['cleanup_expired_locks', (crm) => crm.cleanupExpiredLocks(), {}, 3, 3],
  [
    'sync_cursor',
    (crm) => crm.syncCursor({ workspaceId: 'w1', resource: 'r' }),
    { p_workspace_id: 'w1', p_resource: 'r' },
    { after: 'x' },
    { after: 'x' },
  ],
  [
    'start_sync',
    (crm) => crm.startSync(begin),
    { p_channel_account_id: 'a1', p_mode: 'full', p_holder: 'me' },
    [running],
    running,
  ],
  [
    'start_sync',
    (crm) => crm.startSync({ ...begin, runId: 'r1' }),
    {
      p_channel_account_id: 'a1',
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
    [ended],
    ended,
  ],
  [
    'finish_sync',
    (crm) => crm.finishSync({ runId: 'r1', token: 't1', status: 'completed', keepCursor: true }),
    { p_run_id: 'r1', p_token: 't1', p_status: 'completed', p_keep_cursor: true },
    [ended],
    ended,
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
])

it.each([
  ['a running run without a token', [{ ...running, token: null }]],
  ['a running run without a cursor', [{ ...running, cursor: null }]],
  ['no run', []],
])('%s is no start', async (_, body) => {
  const { crm } = await client({ status: 200, body })
  await expect(crm.startSync(begin)).rejects.toBeInstanceOf(RpcError)
})

it('a lock that is held is an error that says by whom', async () => {
  const detail = {
    code: 'lock_held',
    resource: running.resource,
    held_by: 'you',
    expires_at: '2026-01-01T00:05:00+00:00',
  }
  const { crm } = await client({
    status: 409,
    body: { code: 'PT409', message: 'held', details: JSON.stringify(detail), hint: 'Wait.' },
  })
  await expect(crm.startSync(begin)).rejects.toMatchObject({ status: 409, stableCode: 'lock_held', detail })
})
