/** A made-up provider, of a channel that has no sync, runs through the handler and a real database: it takes one object. */
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { type CrmClient, createCrmClient } from '../../../src/crm/client.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
import { accountSecret } from '../../../src/lib/secrets.ts'
import { externalStack } from '../../../src/local/stack.ts'
import { createSyncHandler } from '../../../src/sync/handler.ts'
import type { SyncProvider } from '../../../src/sync/provider.ts'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { createSandbox, freshId, given } from '../ingest/sandbox.ts'

/** What the made-up service fails by. */
class PigeonError extends Error {
  readonly minutes: number

  constructor(minutes: number) {
    super('The loft is closed.')
    this.minutes = minutes
  }
}

const Place = z.object({ next: z.number() }).catch({ next: 0 })

/** One letter a page, from the place in the cursor on, until none is left or the time is over. */
function pigeonProvider(letters: (string | PigeonError)[], clock: ManualClock): SyncProvider {
  return {
    channel: 'whatsapp',
    functionName: 'pigeon-sync',
    accountName: 'Pigeon',
    serviceName: 'The loft',
    keepsCursor: true,
    open({ external_id }, env) {
      const secret = { name: 'PIGEON_RINGS', hint: 'Set PIGEON_RINGS.' }
      const ring = accountSecret(env, secret, external_id, z.string())
      return async ({ crm, run, limiter, until }) => {
        for (let { next } = Place.parse(run.cursor); ; next += 1) {
          const letter = letters[next]
          if (letter === undefined) return { done: true, details: { ring } }
          if (clock.now() >= until) return { done: false, details: { ring } }
          await limiter.acquire()
          clock.advance(1_000)
          if (letter instanceof PigeonError) throw letter
          const { run_id: runId, token } = run
          await crm.commitSyncPage({ runId, token, items: [said(letter)], cursor: { next: next + 1 } })
        }
      }
    },
    failureOf(error) {
      if (!(error instanceof PigeonError)) return undefined
      const { message: text, minutes } = error
      return minutes > 0
        ? { status: 'paused', code: 'throttled', reason: 'night', text, pauseSeconds: minutes * 60 }
        : { status: 'failed', code: 'permission', reason: 'closed', text, pauseSeconds: 0, hint: 'Ask the keeper.' }
    },
  }
}

const said = (text: string): InboundItem => ({
  participant: { identities: [{ kind: 'wa_id', value: '573001234567' }] },
  events: [
    {
      type: 'message',
      direction: 'inbound',
      provider_message_id: `m ${text}`,
      occurred_at: '2026-01-05T10:00:00Z',
      text,
    },
  ],
})

const REGISTRY = `
  create or replace function crm_private.channel_syncs()
  returns table (channel text, what text, function_name text, min_interval interval, needs_watermark boolean)
  language sql immutable set search_path = '' as $$
    values ('whatsapp', 'letters', 'pigeon-sync', interval '1 day', false)
  $$`

let stack: TestStack
let crm: CrmClient
let accountId: string
let externalId: string
let clock: ManualClock

beforeAll(async () => {
  stack = await startTestStack()
  crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
  if (!externalStack()) await stack.database.pool.query(REGISTRY)
})
beforeEach(async () => {
  externalId = freshId('loft')
  const sandbox = await createSandbox(stack.database.pool, [['whatsapp', externalId]])
  accountId = given(sandbox.accounts[0]).id
  clock = new ManualClock('2026-01-06T12:00:00Z')
})
afterAll(() => stack?.stop())

async function sync(letters: (string | PigeonError)[], body: Record<string, unknown> = {}, budget = 100_000) {
  const env = () => JSON.stringify({ [externalId]: 'ring 7' })
  const handler = createSyncHandler(pigeonProvider(letters, clock), { crm: () => crm, env, clock, budget })
  const serve = createHandler({ route: 'pigeon-sync', logger: createLogger(() => {}) }, (request, scope) =>
    handler(request, { mode: 'secret', crm }, scope),
  )
  const call = { method: 'POST', body: JSON.stringify({ channelAccountId: accountId, ...body }) }
  const response = await serve(new Request('http://127.0.0.1/pigeon-sync', call))
  return { status: response.status, body: await response.json() }
}

async function rows(text: string): Promise<unknown[]> {
  return (await stack.database.pool.query(text, [accountId])).rows
}

const messages = () => rows('select body as text from crm.messages where channel_account_id = $1 order by body')
const runs = () =>
  rows(
    'select resource, mode, status, error, items from crm.sync_runs where channel_account_id = $1 order by started_at',
  )

test.skipIf(externalStack())(
  'it is begun, paused, resumed and completed as one run, and its cursor is kept',
  async () => {
    const letters = ['a', 'b', 'c']
    const first = await sync(letters, { mode: 'full' }, 2_000)
    expect(first).toMatchObject({
      status: 200,
      body: {
        hasMore: true,
        status: 'paused',
        progress: { mode: 'full', pages: 2, items: 2, ring: 'ring 7' },
        resumeAt: null,
      },
    })
    const second = await sync(letters, { resumeSession: first.body.resumeSession })
    expect(second.body).toEqual({
      hasMore: false,
      status: 'completed',
      resumeSession: first.body.resumeSession,
      progress: {
        ...{ mode: 'full', pages: 3, items: 3, created: 1, updated: 2, unchanged: 0, failed: 0, rejected: 0 },
        ...{ totalEstimate: null, ring: 'ring 7' },
      },
      resumeAt: null,
    })
    expect(await messages()).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
    const third = await sync([...letters, 'd'])
    expect(third.body).toMatchObject({ status: 'completed', progress: { mode: 'incremental', items: 1 } })
    const resource = `whatsapp:${externalId}:letters`
    expect(await runs()).toMatchObject([
      { resource, mode: 'full', status: 'completed', items: 3 },
      { resource, mode: 'incremental', status: 'completed', items: 1 },
    ])
  },
)

test.skipIf(externalStack())('its own errors end the run as it says', async () => {
  expect(await sync(['a', new PigeonError(0)])).toEqual({
    status: 502,
    body: { code: 'provider_refused', message: 'The loft refused to be read: closed.', hint: 'Ask the keeper.' },
  })
  const paused = await sync(['a', new PigeonError(20)])
  expect(paused).toMatchObject({ status: 200, body: { hasMore: true, status: 'paused' } })
  expect(Date.parse(paused.body.resumeAt) - clock.now()).toBe(20 * 60_000)
  expect(await runs()).toMatchObject([
    { status: 'failed', error: 'permission: The loft is closed.', items: 1 },
    { status: 'paused', error: 'throttled: The loft is closed.', items: 0 },
  ])
  // The database knows the pause too: it grants nothing before, and the scheduled job waits for it.
  expect(await sync(['a', 'b'])).toMatchObject({ status: 200, body: { hasMore: true, progress: { items: 0 } } })
  const [due] = await rows(`select resume_at > now() + interval '19 minutes' as later from crm.sync_runs
    where channel_account_id = $1 and status = 'paused'`)
  expect(due).toEqual({ later: true })
})
