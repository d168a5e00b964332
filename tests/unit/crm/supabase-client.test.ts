import { createClient } from '@supabase/supabase-js'
import { afterEach, describe, expect, it } from 'vitest'
import type { CrmClient } from '../../../src/crm/client.ts'
import { fetchWithin } from '../../../src/crm/deadline.ts'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { createCrmClient } from '../../../src/crm/supabase-client.ts'
import { type FakeRest, type RestAnswer, type RestCall, startFakeRest } from '../../functions/fake-rest.ts'

const NO_WAIT = { retries: 3, minTimeout: 0, maxTimeout: 0 }
const COUNTS = { received: 1, duplicates: 0, failed: 0, items: [[1, 0, 0]] }
const ingest = { channel: 'messenger', accountExternalId: 'PAGE1', items: [], rejected: [] } as const
const deadlock = {
  status: 500,
  body: { code: '40P01', message: 'deadlock detected', details: 'Process 1', hint: null },
}

let rest: FakeRest | undefined
afterEach(() => rest?.close())

/** A client whose database gives these answers, the last one for ever. */
async function client(...answers: [RestAnswer, ...RestAnswer[]]): Promise<{ crm: CrmClient; calls: RestCall[] }> {
  const [last] = answers.slice(-1)
  rest = await startFakeRest(() => answers.shift() ?? last ?? { status: 500, body: {} })
  const supabase = createClient(rest.url, 'sb_secret_test', { auth: { persistSession: false } })
  return { crm: createCrmClient(supabase, NO_WAIT), calls: rest.calls }
}

async function failure(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RpcError) return error
  throw new Error(`expected an RpcError, got ${String(error)}`)
}

describe('a call', () => {
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
  const contact = { identities: [{ kind: 'psid', scope: 'PAGE1', value: 'PSID1' }] } as const
  const contactRow = { contact_id: 'p1', outcome: 'created', sync_source: 'chat_embedded', version: 1 }
  const stats = {
    contacts: 3,
    contacts_needing_sync: 2,
    stale_stubs: 1,
    conversations: 4,
    orphaned_conversations: 0,
  }
  const reconciled = {
    orphaned_conversations_fixed: 3,
    stubs_merged: 2,
    stale_stubs_found: 1,
    merge_candidates_found: 0,
    has_more: true,
  }

  it.each<[string, (crm: CrmClient) => Promise<unknown>, Record<string, unknown>, unknown, unknown]>([
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
      'upsert_contact',
      (crm) =>
        crm.upsertContact({
          workspaceId: 'w1',
          syncSource: 'chat_embedded',
          contact: { identities: [...contact.identities] },
        }),
      { p_workspace_id: 'w1', p_sync_source: 'chat_embedded', p_contact: contact },
      [contactRow],
      contactRow,
    ],
    [
      'bulk_upsert_contacts',
      (crm) =>
        crm.bulkUpsertContacts({
          workspaceId: 'w1',
          syncSource: 'contacts_api',
          contacts: [{ identities: [...contact.identities] }],
        }),
      { p_workspace_id: 'w1', p_sync_source: 'contacts_api', p_contacts: [contact] },
      [{ ordinal: 1, ...contactRow, error: null }],
      [{ ordinal: 1, ...contactRow, error: null }],
    ],
    [
      'update_conversation',
      (crm) => crm.updateConversation({ conversationId: 'c1', expectedVersion: 4, patch: { status: 'closed' } }),
      { p_conversation_id: 'c1', p_expected_version: 4, p_patch: { status: 'closed' } },
      5,
      5,
    ],
    [
      'create_workspace',
      (crm) => crm.createWorkspace({ slug: 'acme', name: 'Acme', defaultCountry: 'CO' }),
      { p_slug: 'acme', p_name: 'Acme', p_default_country: 'CO' },
      '"w1"',
      'w1',
    ],
    [
      'connect_channel',
      (crm) => crm.connectChannel({ workspaceId: 'w1', channel: 'whatsapp', externalId: 'PN1', displayName: 'Ventas' }),
      { p_workspace_id: 'w1', p_channel: 'whatsapp', p_external_id: 'PN1', p_display_name: 'Ventas' },
      '"a1"',
      'a1',
    ],
    [
      'add_member',
      (crm) => crm.addMember({ workspaceId: 'w1', userId: 'u1', role: 'agent' }),
      { p_workspace_id: 'w1', p_user_id: 'u1', p_role: 'agent' },
      '',
      undefined,
    ],
    [
      'contact_sync_stats',
      (crm) => crm.contactSyncStats({ workspaceId: 'w1' }),
      { p_workspace_id: 'w1' },
      [stats],
      stats,
    ],
    [
      'reconcile_contacts',
      (crm) => crm.reconcileContacts({ workspaceId: 'w1', staleAfter: '1 day', limit: 100 }),
      { p_workspace_id: 'w1', p_stale_after: '1 day', p_limit: 100 },
      [reconciled],
      reconciled,
    ],
    ['reconcile_contacts', (crm) => crm.reconcileContacts({}), {}, [reconciled], reconciled],
    [
      'replay_dead_letters',
      (crm) => crm.replayDeadLetters({ limit: 20 }),
      { p_limit: 20 },
      [{ replayed: 2, failed: 1 }],
      { replayed: 2, failed: 1 },
    ],
    [
      'replay_dead_letters',
      (crm) => crm.replayDeadLetters({}),
      {},
      [{ replayed: 0, failed: 0 }],
      { replayed: 0, failed: 0 },
    ],
    [
      'replay_dead_letter',
      (crm) => crm.replayDeadLetter({ deadLetterId: 'd1', workspaceId: 'w1' }),
      { p_dead_letter_id: 'd1', p_workspace_id: 'w1' },
      [{ replayed: false, error: { code: 'needs_translation' } }],
      { replayed: false, error: { code: 'needs_translation' } },
    ],
    [
      'require_role',
      (crm) => crm.requireRole({ workspaceId: 'w1', leastRole: 'admin' }),
      { p_workspace_id: 'w1', p_least_role: 'admin' },
      '',
      undefined,
    ],
  ])('of %s names its arguments as the contract does and gives its result', async (rpc, act, args, body, result) => {
    const { crm, calls } = await client({ status: 200, body })
    expect(await act(crm)).toEqual(result)
    expect(calls).toEqual([expect.objectContaining({ rpc, args, profile: 'crm', apikey: 'sb_secret_test' })])
  })
})

describe('a failed call', () => {
  it('carries the code, the status, the stable code and the hint', async () => {
    const { crm, calls } = await client({
      status: 409,
      body: {
        code: 'PT409',
        message: 'The conversation is at version 7.',
        details: '{"code":"version_conflict","version":7}',
        hint: 'Read it again.',
      },
    })
    const call = crm.updateConversation({ conversationId: 'c1', expectedVersion: 4, patch: {} })
    expect(await failure(call)).toMatchObject({
      rpc: 'update_conversation',
      code: 'PT409',
      status: 409,
      stableCode: 'version_conflict',
      message: 'The conversation is at version 7.',
      hint: 'Read it again.',
      detail: { code: 'version_conflict', version: 7 },
    })
    expect(calls).toHaveLength(1)
  })

  it.each(['Key (value)=(x) exists.', '{not json', '[1]', null])(
    'has no stable code where the detail is %s',
    async (details) => {
      const { crm } = await client({ status: 409, body: { code: '23505', message: 'duplicate', details, hint: null } })
      expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({
        code: '23505',
        stableCode: null,
        detail: {},
      })
    },
  )

  it('has status 0 when nobody answers', async () => {
    const { crm } = await client({ status: 200, body: [COUNTS] })
    await rest?.close()
    const error = await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))
    expect(error).toMatchObject({ status: 0, code: null, stableCode: null, hint: null })
  })

  it('has status 0 when the answer does not come in time', async () => {
    rest = await startFakeRest(() => 'silence')
    const supabase = createClient(rest.url, 'sb_secret_test', {
      global: { fetch: fetchWithin(20) },
      auth: { persistSession: false },
    })
    const error = await failure(createCrmClient(supabase, NO_WAIT).contactSyncStats({ workspaceId: 'w1' }))
    expect(error).toMatchObject({ status: 0, code: null, hint: null, message: 'The database did not answer.' })
  })

  it.each([
    ['no row', 200, []],
    ['two rows', 200, [COUNTS, COUNTS]],
    ['a row of another shape', 200, [{ received: 1 }]],
    ['a page', 200, '<html>hello</html>'],
    ['nothing', 200, ''],
    ['nothing, with 404', 404, ''],
    ['an empty list, with 404', 404, []],
    ['a page, with 502', 502, '<html>bad gateway</html>'],
  ])('is what an answer with %s counts as', async (_, status, body) => {
    const { crm } = await client({ status, body })
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toBeInstanceOf(RpcError)
  })

  it('is what an answer counts as that leaves an item out', async () => {
    const { crm } = await client({ status: 200, body: [] })
    const call = crm.bulkUpsertConversationsWithEvents({ channelAccountId: 'a1', items: [{ events: [] }] })
    expect(await failure(call)).toMatchObject({ stableCode: 'unexpected_result' })
  })
})

describe('bulk_upsert_contacts', () => {
  const contacts = [{ identities: [] }, { identities: [] }]
  const row = { ordinal: 1, contact_id: null, outcome: 'ignored', sync_source: null, version: null }

  it('says of each contact what became of it', async () => {
    const rows = [
      { ...row, error: { code: 'invalid_input', path: '$.email' } },
      { ...row, ordinal: 2, error: null },
    ]
    const { crm } = await client({ status: 200, body: rows })
    expect(await crm.bulkUpsertContacts({ workspaceId: 'w1', syncSource: 'contacts_api', contacts })).toEqual(rows)
  })

  it('takes no answer that leaves a contact out', async () => {
    const { crm } = await client({ status: 200, body: [{ ...row, error: null }] })
    const call = crm.bulkUpsertContacts({ workspaceId: 'w1', syncSource: 'contacts_api', contacts })
    expect(await failure(call)).toMatchObject({ stableCode: 'unexpected_result' })
  })
})

describe('a call that the database rolled back', () => {
  it.each(['40P01', '40001'])('is repeated: %s', async (code) => {
    const rolledBack = { status: 500, body: { ...deadlock.body, code } }
    const { crm, calls } = await client(rolledBack, rolledBack, { status: 200, body: [COUNTS] })
    expect(await crm.ingestWebhook({ ...ingest, items: [], rejected: [] })).toEqual(COUNTS)
    expect(calls).toHaveLength(3)
  })

  it('is given up after a bounded number of times', async () => {
    const { crm, calls } = await client(deadlock)
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({ code: '40P01' })
    expect(calls).toHaveLength(1 + NO_WAIT.retries)
  })

  it.each(['57014', '53300', 'PT400', '23505'])('for another reason is not repeated: %s', async (code) => {
    const { crm, calls } = await client({ status: 500, body: { ...deadlock.body, code } })
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({ code })
    expect(calls).toHaveLength(1)
  })
})
