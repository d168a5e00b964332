import { createClient } from '@supabase/supabase-js'
import { afterEach, expect, it } from 'vitest'
import type { CrmClient } from '../../../src/crm/client.ts'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { createCrmClient } from '../../../src/crm/supabase-client.ts'
import { type FakeRest, startFakeRest } from '../../functions/fake-rest.ts'

let rest: FakeRest | undefined
afterEach(() => rest?.close())

/** A client whose database always gives this answer, and the calls it has had. */
async function client(status: number, body: unknown): Promise<{ crm: CrmClient; calls: FakeRest['calls'] }> {
  rest = await startFakeRest(() => ({ status, body }))
  const supabase = createClient(rest.url, 'sb_secret_test', { auth: { persistSession: false } })
  return { crm: createCrmClient(supabase, { retries: 0, minTimeout: 0, maxTimeout: 0 }), calls: rest.calls }
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

it.each<[string, (crm: CrmClient) => Promise<unknown>, Record<string, unknown>, unknown, unknown]>([
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
])(
  'a call of %s names its arguments as the contract does and gives its result',
  async (rpc, act, args, body, result) => {
    const { crm, calls } = await client(200, body)
    expect(await act(crm)).toEqual(result)
    expect(calls).toEqual([expect.objectContaining({ rpc, args, profile: 'crm' })])
  },
)

it('a merge that lies under another says which is to be undone first', async () => {
  const { crm } = await client(409, {
    code: 'PT409',
    message: 'The contact was merged into another one since.',
    details: '{"code":"merged_again","merge_id":"m2"}',
    hint: 'Undo merge m2 first.',
  })
  const error = await crm.unmergeContacts({ mergeId: 'm1' }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(RpcError)
  expect(error).toMatchObject({ stableCode: 'merged_again', status: 409, detail: { merge_id: 'm2' } })
})

it('an explanation that lacks what the contract says is no answer', async () => {
  const { crm } = await client(200, { ...explanation, identities: [{ kind: 'psid' }] })
  await expect(crm.explainContact({ contactId: 'p1' })).rejects.toMatchObject({ stableCode: 'unexpected_result' })
})
