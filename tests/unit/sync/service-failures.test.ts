import { expect, test } from 'vitest'
import type { SyncCalls } from '../../../src/crm/sync.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
import { createSyncHandler } from '../../../src/sync/handler.ts'
import { messengerProvider } from '../../../src/sync/messenger/provider.ts'
import { fakeCrm, rpcError } from '../../functions/fake-crm.ts'
import { ManualClock } from '../channels/b2chat/manual-clock.ts'
import { conversation, FakeGraph, NOW, PAGE } from '../channels/messenger/fake-graph.ts'
import { runCounts, startedRun } from './run-kit.ts'

const account = '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10'

/** The answer where these calls of the service role do this, and what was logged. */
async function answer(service: Partial<SyncCalls>) {
  const lines: string[] = []
  const caller = fakeCrm({
    channelAccount: async () => ({
      ...{ workspace_id: account, channel: 'messenger', external_id: PAGE, settings: {}, is_active: true },
    }),
  })
  const crm = fakeCrm({
    startSync: async () => startedRun,
    takeRateLimit: async () => ({ granted: true }),
    finishSync: async () => runCounts,
    releaseSyncLock: async () => true,
    ...service,
  })
  const graph = new FakeGraph([conversation('t_0', Date.parse(NOW) - 60_000, 1)])
  const handler = createSyncHandler(messengerProvider({ fetch: graph.fetch }), {
    crm: () => crm,
    env: () => JSON.stringify({ [PAGE]: { token: 'token', base_url: 'https://graph.test' } }),
    clock: new ManualClock(NOW),
  })
  const serve = createHandler(
    { route: 'conversation-sync', logger: createLogger((_level, line) => lines.push(line)) },
    (request, scope) => handler(request, { mode: 'secret', crm: caller }, scope),
  )
  const body = JSON.stringify({ channelAccountId: account })
  const response = await serve(new Request('http://127.0.0.1/conversation-sync', { method: 'POST', body }))
  return { status: response.status, body: await response.json(), headers: response.headers, log: lines.join() }
}

const failing = (failure: Parameters<typeof rpcError>[0]) => () => Promise.reject(rpcError(failure))
const refusedKey = failing({ code: 'PGRST301', status: 401 })
const missingGrant = failing({ code: '42501', status: 403 })

test.each<[string, Partial<SyncCalls>]>([
  ['when the run begins', { startSync: refusedKey }],
  ['while a page is stored', { commitSyncPage: refusedKey }],
  ['from then on', { commitSyncPage: refusedKey, finishSync: refusedKey, releaseSyncLock: refusedKey }],
  ['for want of a grant', { commitSyncPage: missingGrant }],
])("what the API refuses to the service is 503, and not the caller's: %s", async (_name, service) => {
  const { status, body, headers, log } = await answer(service)
  expect({ status, body }).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
  expect(headers.get('retry-after')).toBe('5')
  expect(log).toMatch(/"rpcStatus":40[13]/)
})

test('a refusal of the contract is passed on', async () => {
  const refused = failing({ code: 'PT404', status: 404, stableCode: 'not_found' })
  expect(await answer({ startSync: refused })).toMatchObject({ status: 404, body: { code: 'not_found' } })
})
