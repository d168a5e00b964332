/** Both sync functions answer alike, whichever way a call ends. */
import { describe, expect, test } from 'vitest'
import type { CrmClient } from '../../../src/crm/client.ts'
import type { RunCounts, SyncStart } from '../../../src/crm/sync.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
import { b2chatProvider } from '../../../src/sync/b2chat/provider.ts'
import { createSyncHandler } from '../../../src/sync/handler.ts'
import { messengerProvider } from '../../../src/sync/messenger/provider.ts'
import { fakeCrm, rpcError } from '../../functions/fake-crm.ts'
import { ManualClock } from '../channels/b2chat/manual-clock.ts'
import { json, refusal } from '../channels/messenger/fake-graph.ts'

const NOW = '2026-11-20T12:00:00Z'
const ACCOUNT = '5f0c9a3e-1f5e-4b43-9d5a-6c1f2f9b8a10'
const RUN = '9e107d9d-372b-4a6e-9f3c-0d1a2b3c4d5e'

const counts: RunCounts = {
  ...{ mode: 'full', pages: 3, items: 10, created: 4, updated: 3, unchanged: 2, failed: 1, rejected: 5 },
  total_estimate: null,
}
const started = {
  ...counts,
  ...{ run_id: RUN, token: 't', cursor: {}, since: null, resumed: false, fencing_token: 1, expires_at: NOW },
  ...{ resource: 'the resource', bucket: 'the bucket' },
  status: 'running' as const,
}
const finished = (status: 'completed' | 'failed'): SyncStart => ({ ...started, status, token: null })

const respond =
  (response: () => Response): typeof fetch =>
  () =>
    Promise.resolve(response())

/** A provider whose service is empty, or answers each request like this. */
interface Subject {
  channel: 'messenger' | 'b2chat'
  holder: string
  secret: string
  handler(
    fetch: typeof globalThis.fetch,
    options: Parameters<typeof createSyncHandler<CrmClient>>[1],
  ): ReturnType<typeof createSyncHandler>
  nothing: typeof fetch
  refusing: typeof fetch
  details: Record<string, unknown>
}

const tokens = JSON.stringify({ A1: 'token' })
const credentials = JSON.stringify({ A1: { client_id: 'id', client_secret: 'secret' } })

const subjects: Subject[] = [
  {
    channel: 'messenger',
    holder: 'conversation-sync',
    secret: tokens,
    handler: (fetch, options) => createSyncHandler(messengerProvider({ fetch, random: () => 0.5 }), options),
    nothing: respond(() => json({ data: [] })),
    refusing: respond(() => refusal(190, 401)),
    details: {},
  },
  {
    channel: 'b2chat',
    holder: 'b2chat-sync',
    secret: credentials,
    handler: (fetch, options) => createSyncHandler(b2chatProvider({ fetch, random: () => 0.5 }), options),
    nothing: respond(() => json({ access_token: 'a', total: 0, contacts: [], chats: [] })),
    refusing: respond(() => new Response('', { status: 403 })),
    details: { contacts: expect.any(Object), chats: expect.any(Object) },
  },
]

interface Given {
  crm?: Partial<CrmClient>
  fetch?: typeof fetch
  body?: Record<string, unknown>
  secret?: string | undefined
  budget?: number
  channel?: string
}

/** The answer of the function of this channel, what it told the database, and what was logged. */
async function call(subject: Subject, given: Given = {}) {
  const ends: unknown[] = []
  const starts: unknown[] = []
  const released: unknown[] = []
  const channel = given.channel ?? subject.channel
  const account = { workspace_id: ACCOUNT, channel, external_id: 'A1', settings: {}, is_active: true }
  const crm = fakeCrm({
    startSync: async (start) => {
      starts.push(start)
      return started
    },
    finishSync: async (end) => {
      ends.push(end)
      return counts
    },
    releaseSyncLock: async (lock) => {
      released.push(lock)
      return true
    },
    takeRateLimit: async () => ({ granted: true }),
    blockRateLimit: async () => {},
    commitSyncPage: async () => ({
      ...{ items: 0, created: 0, updated: 0, unchanged: 0, failed: 0, rejected: 0, total_estimate: null },
      ...{ run_pages: 1, run_items: 0, run_created: 0, run_updated: 0, run_unchanged: 0, run_failed: 0 },
      ...{ run_rejected: 0, expires_at: NOW },
    }),
    landRawRecords: async () => ({ landed: 0, unchanged: 0 }),
    transformRawContacts: async () => nothingTransformed,
    transformRawChats: async () => nothingTransformed,
    ...given.crm,
  })
  const clock = new ManualClock(NOW)
  const handler = subject.handler(given.fetch ?? subject.nothing, {
    crm: () => crm,
    env: () => ('secret' in given ? given.secret : subject.secret),
    clock,
    ...(given.budget === undefined ? {} : { budget: given.budget }),
  })
  const caller = fakeCrm({ channelAccount: async () => account })
  const lines: string[] = []
  const logger = createLogger((_level, line) => lines.push(line))
  const serve = createHandler({ route: subject.holder, logger }, (request, scope) =>
    handler(request, { mode: 'secret', crm: caller }, scope),
  )
  const body = JSON.stringify({ channelAccountId: ACCOUNT, ...given.body })
  const response = await serve(new Request('http://127.0.0.1/sync', { method: 'POST', body }))
  const answer = {
    status: response.status,
    body: await response.json(),
    retryAfter: response.headers.get('retry-after'),
  }
  return { answer, starts, ends, released, log: lines.join(), clock }
}

const nothingTransformed = { processed: 0, created: 0, updated: 0, upgraded: 0, skipped: 0, failed: 0 }
const failing = (failure: Parameters<typeof rpcError>[0]) => () => Promise.reject(rpcError(failure))

/** What `progress` holds of a run with these counts. */
const progress = {
  ...{ mode: 'full', pages: 3, items: 10, created: 4, updated: 3, unchanged: 2, failed: 1, rejected: 5 },
  totalEstimate: null,
}

describe.each(subjects)('a call of $holder', (subject) => {
  const ended = (status: string, hasMore: boolean, resumeAt: unknown, details = subject.details) => ({
    status: 200,
    body: { hasMore, status, resumeSession: RUN, progress: { ...details, ...progress }, resumeAt },
    retryAfter: null,
  })

  test('that reads everything', async () => {
    const { answer, starts, ends, log } = await call(subject)
    expect(answer).toEqual(ended('completed', false, null))
    expect(starts).toEqual([
      { channelAccountId: ACCOUNT, mode: 'incremental', holder: expect.stringMatching(`^${subject.holder} `) },
    ])
    expect(ends).toMatchObject([{ runId: RUN, token: 't', status: 'completed' }])
    expect(log).toMatch(/"pages":3,"items":10,"rejected":5,"failed":1,"hasMore":false/)
  })

  test('that names a mode and a session', async () => {
    const { starts } = await call(subject, { body: { mode: 'full', resumeSession: RUN } })
    expect(starts).toMatchObject([{ mode: 'full', runId: RUN }])
  })

  test('that is out of time', async () => {
    const { answer, ends } = await call(subject, { budget: 0 })
    expect(answer).toEqual(ended('paused', true, null))
    expect(ends).toMatchObject([{ status: 'paused' }])
  })

  test.each(['429', '503'])('whose provider says when to come back (%s)', async (status) => {
    const headers = { 'retry-after': '1200' }
    const fetch = respond(() => new Response('', { status: Number(status), headers }))
    const { answer, ends } = await call(subject, { fetch })
    expect(answer).toEqual(ended('paused', true, new Date(Date.parse(NOW) + 1_200_000).toISOString()))
    expect(ends).toMatchObject([
      { status: 'paused', error: expect.stringMatching(/^(throttled|provider_unavailable): /) },
    ])
  })

  test('whose provider is away', async () => {
    const { answer, ends, log } = await call(subject, { fetch: respond(() => new Response('', { status: 503 })) })
    expect(answer).toEqual({
      status: 503,
      body: {
        code: 'provider_unavailable',
        message: expect.stringMatching(/^(Graph|B2Chat) could not be read: \w+\.$/),
        hint: 'Call again: the run resumes from the last page that was stored.',
      },
      retryAfter: '30',
    })
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(/^provider_unavailable: /) }])
    expect(log).toMatch(/"providerCode":"provider_(unavailable|error)"/)
  })

  test('whose provider refuses', async () => {
    const { answer, ends, log } = await call(subject, { fetch: subject.refusing })
    expect(answer).toEqual({
      status: 502,
      body: {
        code: 'provider_refused',
        message: expect.stringMatching(/^(Graph|B2Chat) refused to be read: \w+\.$/),
        hint: expect.any(String),
      },
      retryAfter: null,
    })
    expect(ends).toMatchObject([{ status: 'failed', error: expect.stringMatching(/^(reconnect|permission): /) }])
    expect(log).toMatch(/"providerCode":"(reconnect|bad_credentials)"/)
  })

  test.each(['completed', 'failed'] as const)('that names a session which has %s', async (status) => {
    const asked: unknown[] = []
    const fetch: typeof globalThis.fetch = (...args) => {
      asked.push(args)
      return subject.nothing(...args)
    }
    const crm = { startSync: async () => finished(status) }
    const { answer, ends } = await call(subject, { crm, fetch, body: { resumeSession: RUN } })
    expect(answer).toEqual(ended(status, false, null, {}))
    expect({ asked, ends }).toEqual({ asked: [], ends: [] })
  })

  test('while another run works on the account', async () => {
    const detail = { held_by: 'somebody', expires_at: NOW }
    const held = failing({ code: 'PT409', status: 409, stableCode: 'lock_held', detail })
    const { answer, log } = await call(subject, { crm: { startSync: held } })
    const message = 'Another run is working on this account.'
    expect(answer).toEqual({
      status: 409,
      body: { code: 'lock_held', message, heldBy: 'somebody', expiresAt: NOW },
      retryAfter: null,
    })
    expect(log).toContain('"code":"lock_held"')
  })

  test('that loses its lock', async () => {
    const lost = failing({ code: 'PT409', status: 409, stableCode: 'lock_lost', message: 'The lock is lost.' })
    const crm = { commitSyncPage: lost, landRawRecords: lost }
    const { answer, ends, released } = await call(subject, { crm })
    expect(answer).toMatchObject({ status: 409, body: { code: 'lock_lost', message: 'The lock is lost.' } })
    expect(ends).toEqual([])
    expect(released).toEqual([{ resource: 'the resource', token: 't' }])
  })

  test.each([
    ['while it stores', { status: 503 }, 503, 'database_unavailable', 'paused'],
    ['by a rule', { code: 'PT400', status: 400, stableCode: 'invalid_input' }, 400, 'invalid_input', 'failed'],
  ])('that the database fails %s', async (_name, failure, status, code, end) => {
    const fail = failing(failure)
    const { answer, ends } = await call(subject, { crm: { commitSyncPage: fail, landRawRecords: fail } })
    expect(answer).toMatchObject({ status, body: { code } })
    expect(ends).toMatchObject([{ status: end, error: expect.stringMatching(/^database_(unavailable|refused)$/) }])
  })

  test('whose end gets no answer', async () => {
    const { answer, released } = await call(subject, { crm: { finishSync: failing({ status: 0 }) } })
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
    expect(released).toEqual([{ resource: 'the resource', token: 't' }])
  })

  test.each([
    ['for an account of another channel', { channel: 'whatsapp' }],
    [
      'for an unknown account, or a session of another',
      { crm: { startSync: failing({ code: 'PT404', status: 404, stableCode: 'not_found' }) } },
    ],
  ])('%s', async (_name, given) => {
    const { answer } = await call(subject, given)
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', message: expect.any(String) } })
  })

  test.each([undefined, '{}', 'not JSON'])('without its secret (%s)', async (secret) => {
    const { answer, starts } = await call(subject, { secret })
    expect(answer).toEqual({
      status: 424,
      body: {
        code: 'missing_secret',
        message: expect.stringMatching(/^The function secret (MESSENGER_TOKENS|B2CHAT_CREDENTIALS) .+\.$/),
        hint: expect.stringMatching(/^Set (MESSENGER_TOKENS|B2CHAT_CREDENTIALS) to a JSON object /),
      },
      retryAfter: null,
    })
    expect(starts).toEqual([])
  })

  test.each([{ channelAccountId: 'x' }, { mode: 'partial' }, { resumeSession: 7 }])(
    'with a body that is wrong: %j',
    async (body) => {
      const { answer } = await call(subject, { body })
      const [name] = Object.keys(body)
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_input', message: `This is missing or wrong: ${name}.` },
      })
    },
  )
})
