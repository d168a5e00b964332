import { expect, test } from 'vitest'
import type { ContactExplanation } from '../../../src/crm/contacts.ts'
import { explainInWords } from '../../../src/demo/explain.ts'

const MERGE = '2aa1b0bb-977b-4c14-9585-92b3daa6be0e'
const OTHER = '34c387c2-f01f-405b-97f3-afc7af2d1107'

function words(parts: Partial<ContactExplanation>): string[] {
  return explainInWords({
    contact_id: 'c',
    merged_into_id: null,
    identities: [],
    fields: {},
    merges: [],
    candidates: [],
    ...parts,
  })
}

function identity(parts: Partial<ContactExplanation['identities'][number]>): ContactExplanation['identities'][number] {
  return {
    kind: 'phone',
    scope: '',
    value: '+573015550199',
    rule: 'created',
    source: 'chat_embedded',
    delivery: 'whatsapp:PN2:message:wamid.1',
    first_seen_at: '2026-01-01T00:00:00Z',
    is_previous: false,
    merge_id: null,
    ...parts,
  }
}

function merge(parts: Partial<ContactExplanation['merges'][number]>): ContactExplanation['merges'][number] {
  return {
    merge_id: MERGE,
    role: 'survivor',
    other_contact_id: OTHER,
    reason: 'bridged by a delivery',
    merged_by: 'system',
    merged_at: '2026-01-01T00:00:00Z',
    undone_at: null,
    ...parts,
  }
}

test('what one delivery brought is one sentence', () => {
  expect(words({ identities: [identity({}), identity({ kind: 'wa_id', value: '573015550199' })] })).toEqual([
    'The phone +573015550199 and the WhatsApp number 573015550199 made this contact: the WhatsApp message wamid.1 named them first.',
  ])
})

test.each<[Partial<ContactExplanation['identities'][number]>, string]>([
  [
    { rule: 'attached', delivery: 'b2chat:shop:chat_state::1763654400000:043b6e' },
    'The phone +573015550199 was added to this contact: the B2Chat chat of 2025-11-20 16:00 UTC named it, and nobody had it.',
  ],
  [
    { kind: 'psid', value: '7', merge_id: MERGE, delivery: null },
    'The Messenger id 7 made another contact: a delivery without a name named it first. The merge of the two brought it here.',
  ],
  [
    { kind: 'bsuid', value: 'B', rule: 'id_change', is_previous: true },
    "The WhatsApp user id B was added to this contact: the WhatsApp message wamid.1 said that the person's id had changed. The person has changed it since.",
  ],
  [
    { rule: 'backfill' },
    'The phone +573015550199 was added to this contact by backfill_phones, which read the stored number.',
  ],
  [
    { kind: 'new_kind', rule: 'new_rule', delivery: 'contacts_api' },
    'The new kind +573015550199 was added to this contact by the rule new_rule: the delivery contacts_api named it.',
  ],
])('the identity %j in words', (parts, sentence) => {
  expect(words({ identities: [identity(parts)] })).toEqual([sentence])
})

test('fields of one delivery are one sentence, the name first', () => {
  const from = (value: unknown, delivery: string) => ({ value, source: 'chat_embedded', at: null, delivery })
  const chat = 'b2chat:shop:chat_state::1763654400000:043b6e'
  const fields = {
    email: from('lucia@example.com', chat),
    full_name: from('Lucía', chat),
    'custom_attributes.Asesor': from('Laura', 'api'),
    tags: from(['VIP'], 'api'),
  }
  expect(words({ fields })).toEqual([
    'The B2Chat chat of 2025-11-20 16:00 UTC gave the name Lucía and e-mail lucia@example.com.',
    'The delivery api gave the attribute Asesor Laura and tags ["VIP"].',
  ])
})

test.each<[Partial<ContactExplanation['merges'][number]>, string[]]>([
  [
    {},
    [
      'The rules merged contact 34c387c2 into this one, because a delivery named both.',
      `crm.unmerge_contacts('${MERGE}') undoes that.`,
    ],
  ],
  [
    { role: 'duplicate', merged_by: 'service_role', reason: 'same shop' },
    [
      'A secret key merged this contact into contact 34c387c2, for this reason: same shop.',
      `crm.unmerge_contacts('${MERGE}') undoes that.`,
    ],
  ],
  [
    { merged_by: '8d2f0a11-0000-4000-8000-000000000000', undone_at: '2026-01-02T03:04:05Z' },
    [
      'Member 8d2f0a11 merged contact 34c387c2 into this one, because a delivery named both.',
      'That was undone at 2026-01-02 03:04 UTC.',
    ],
  ],
])('the merge %j in words', (parts, sentences) => {
  expect(words({ merges: [merge(parts)] })).toEqual(sentences)
})

test('a candidate is told while it waits, and when it was rejected', () => {
  const candidate = (status: 'open' | 'merged' | 'rejected') => ({
    candidate_id: 'm',
    other_contact_id: OTHER,
    status,
    evidence: {},
    created_at: '2026-01-01T00:00:00Z',
    decided_at: null,
  })
  expect(words({ candidates: [candidate('open'), candidate('merged'), candidate('rejected')] })).toEqual([
    'Contact 34c387c2 may be the same person: somebody has to decide.',
    'Contact 34c387c2 is another person: somebody has decided so.',
  ])
})
