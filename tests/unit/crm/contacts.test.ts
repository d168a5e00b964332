import { describe, expect, it } from 'vitest'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { client, failure, itCalls } from './kit.ts'

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

const explanation = {
  contact_id: 'p1',
  merged_into_id: null,
  identities: [
    {
      kind: 'psid',
      scope: 'PAGE1',
      value: 'PSID1',
      rule: 'created',
      source: 'chat_embedded',
      delivery: 'messenger:PAGE1:message:m1',
      first_seen_at: '2026-01-01T00:00:00+00:00',
      is_previous: false,
      merge_id: null,
    },
  ],
  fields: { full_name: { value: 'Ana', source: 'chat_embedded', at: null, delivery: null } },
  merges: [
    {
      merge_id: 'm1',
      role: 'survivor',
      other_contact_id: 'p2',
      reason: 'same',
      merged_by: 'u1',
      merged_at: '2026-01-01T00:00:00+00:00',
      undone_at: '2026-01-02T00:00:00+00:00',
    },
  ],
  candidates: [
    {
      candidate_id: 'k1',
      other_contact_id: 'p2',
      status: 'rejected',
      evidence: { undone_merge: 'm1' },
      created_at: '2026-01-02T00:00:00+00:00',
      decided_at: '2026-01-02T00:00:00+00:00',
    },
  ],
}

itCalls([
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
    'merge_contacts',
    (crm) => crm.mergeContacts({ survivorId: 'p1', duplicateId: 'p2', reason: 'same', workspaceId: 'w1' }),
    { p_survivor_id: 'p1', p_duplicate_id: 'p2', p_reason: 'same', p_workspace_id: 'w1' },
    '"m1"',
    'm1',
  ],
  ['unmerge_contacts', (crm) => crm.unmergeContacts({ mergeId: 'm1' }), { p_merge_id: 'm1' }, '', undefined],
  [
    'reject_merge_candidate',
    (crm) => crm.rejectMergeCandidate({ candidateId: 'k1' }),
    { p_candidate_id: 'k1' },
    '',
    undefined,
  ],
  [
    'explain_contact',
    (crm) => crm.explainContact({ contactId: 'p1' }),
    { p_contact_id: 'p1' },
    explanation,
    explanation,
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
])

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

it('a merge that lies under another says which is to be undone first', async () => {
  const { crm } = await client({
    status: 409,
    body: {
      code: 'PT409',
      message: 'The contact was merged into another one since.',
      details: '{"code":"merged_again","merge_id":"m2"}',
      hint: 'Undo merge m2 first.',
    },
  })
  const error = await crm.unmergeContacts({ mergeId: 'm1' }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(RpcError)
  expect(error).toMatchObject({ stableCode: 'merged_again', status: 409, detail: { merge_id: 'm2' } })
})

it('an explanation that lacks what the contract says is no answer', async () => {
  const { crm } = await client({ status: 200, body: { ...explanation, identities: [{ kind: 'psid' }] } })
  await expect(crm.explainContact({ contactId: 'p1' })).rejects.toMatchObject({ stableCode: 'unexpected_result' })
})
