/** Contacts: what a source says of them, which of them are one person, and how far they are reconciled. */
import { z } from 'zod'
import type { Identity } from '../contract/inbound.ts'
import { type Call, Count, JsonObject, Nothing, onlyRow, Uuid, Version } from './rpc.ts'

/** Where a contact's data comes from: a chat that mentions the person, or the provider's contacts API. */
export type SyncSource = 'chat_embedded' | 'contacts_api'

/** A contact as a source delivered it. Left-out fields are unknown. Other columns of `contacts` may be given too. */
export interface ContactInput {
  identities: Identity[]
  /** The same person's old ids, when the provider says that an id changed. */
  previous_identities?: Identity[]
  full_name?: string | null
  email?: string | null
  phone?: string | null
  mobile?: string | null
  /** By the source's own clock: ISO 8601. */
  source_updated_at?: string
  [field: string]: unknown
}

export const ContactOutcome = z.object({
  contact_id: z.string().nullable(),
  outcome: z.enum(['created', 'linked', 'updated', 'upgraded', 'unchanged', 'stale', 'ignored']),
  sync_source: z.string().nullable(),
  version: Version.nullable(),
})
/** What became of one contact. An `ignored` one had no usable identity and has no `contact_id`. */
export type ContactOutcome = z.infer<typeof ContactOutcome>

export const BulkContactOutcome = ContactOutcome.extend({ ordinal: z.number().int(), error: JsonObject.nullable() })
/** The same with the contact's place in the call, in order. A contact with an `error` was not written. */
export type BulkContactOutcome = z.infer<typeof BulkContactOutcome>

/** Where a contact's field comes from. A null is unknown. */
const FieldExplanation = z.object({
  value: z.unknown(),
  source: z.string(),
  at: z.string().nullable(),
  delivery: z.string().nullable(),
})
/** Where a contact's identity comes from. A null is unknown. */
const IdentityExplanation = z.object({
  kind: z.string(),
  scope: z.string(),
  value: z.string(),
  rule: z.string(),
  source: z.string(),
  delivery: z.string().nullable(),
  first_seen_at: z.string(),
  is_previous: z.boolean(),
  merge_id: z.string().nullable(),
})
const MergeExplanation = z.object({
  merge_id: z.string(),
  role: z.enum(['survivor', 'duplicate']),
  other_contact_id: z.string(),
  reason: z.string(),
  merged_by: z.string(),
  merged_at: z.string(),
  undone_at: z.string().nullable(),
})
const CandidateExplanation = z.object({
  candidate_id: z.string(),
  other_contact_id: z.string(),
  status: z.enum(['open', 'merged', 'rejected']),
  evidence: JsonObject,
  created_at: z.string(),
  decided_at: z.string().nullable(),
})

export const ContactExplanation = z.object({
  contact_id: z.string(),
  merged_into_id: z.string().nullable(),
  identities: z.array(IdentityExplanation),
  fields: z.record(z.string(), FieldExplanation),
  merges: z.array(MergeExplanation),
  candidates: z.array(CandidateExplanation),
})
/** Which delivery and which rule attached each identity, wrote each field and made each merge of a contact. */
export type ContactExplanation = z.infer<typeof ContactExplanation>

export const ContactSyncStats = z.object({
  contacts: Count,
  contacts_needing_sync: Count,
  stale_stubs: Count,
  conversations: Count,
  orphaned_conversations: Count,
})
/** Counts of one workspace. */
export type ContactSyncStats = z.infer<typeof ContactSyncStats>

export const ReconcileOutcome = z.object({
  orphaned_conversations_fixed: Count,
  stubs_merged: Count,
  stale_stubs_found: Count,
  merge_candidates_found: Count,
  has_more: z.boolean(),
})
/** What one bounded call fixed, what it found for a person to decide, and whether more is left to look at. */
export type ReconcileOutcome = z.infer<typeof ReconcileOutcome>

export interface ContactCalls {
  /** Finds or creates the contact of an API record or a chat, and merges the values given. Service role only. */
  upsertContact(call: { workspaceId: string; syncSource: SyncSource; contact: ContactInput }): Promise<ContactOutcome>

  /**
   * The same for up to 500 contacts in one transaction: one row per contact, in order. A contact that is malformed or
   * that the database refuses has `error` set, and the others are stored. Service role only.
   */
  bulkUpsertContacts(call: {
    workspaceId: string
    syncSource: SyncSource
    contacts: ContactInput[]
  }): Promise<BulkContactOutcome[]>

  /**
   * Merges two contacts by a person's decision and returns the id of the merge, which `unmergeContacts` takes.
   * Follows ids of contacts merged before. PT400 when the two are already one contact, PT404 when one does not exist.
   * A repeat after a lost answer gets that PT400: the merge stands. For agents.
   */
  mergeContacts(call: {
    survivorId: string
    duplicateId: string
    reason: string
    workspaceId?: string
  }): Promise<string>

  /**
   * Undoes a merge, and keeps the two contacts apart from then on. PT409 `already_undone`. PT409 `merged_again` with
   * the `merge_id` that the caller must undo first. For agents.
   */
  unmergeContacts(call: { mergeId: string; workspaceId?: string }): Promise<void>

  /** Decides that the two contacts of a candidate are two people. PT409 `already_merged`. For agents. */
  rejectMergeCandidate(call: { candidateId: string; workspaceId?: string }): Promise<void>

  /** Says where a contact's identities and fields came from, and lists its merges and candidates. For viewers. */
  explainContact(call: { contactId: string; workspaceId?: string }): Promise<ContactExplanation>

  /** Counts contacts, stubs and conversations of a workspace. PT403 for a caller that is not a member of it. */
  contactSyncStats(call: { workspaceId: string }): Promise<ContactSyncStats>

  /**
   * Links orphaned conversations, merges stubs that nothing keeps apart, and counts what a person must decide. One call
   * does a bounded part: repeat it until `has_more` is false. Without a workspace it covers all of them. PT404 for an
   * unknown one. Service role only.
   */
  reconcileContacts(call: { workspaceId?: string; staleAfter?: string; limit?: number }): Promise<ReconcileOutcome>
}

export function contactCalls(call: Call): ContactCalls {
  return {
    upsertContact: ({ workspaceId, syncSource, contact }) =>
      call(
        'upsert_contact',
        { p_workspace_id: workspaceId, p_sync_source: syncSource, p_contact: contact },
        onlyRow(ContactOutcome),
      ),

    bulkUpsertContacts: ({ workspaceId, syncSource, contacts }) =>
      call(
        'bulk_upsert_contacts',
        { p_workspace_id: workspaceId, p_sync_source: syncSource, p_contacts: contacts },
        z.array(BulkContactOutcome).length(contacts.length),
      ),

    mergeContacts: ({ survivorId, duplicateId, reason, workspaceId }) =>
      call(
        'merge_contacts',
        { p_survivor_id: survivorId, p_duplicate_id: duplicateId, p_reason: reason, p_workspace_id: workspaceId },
        Uuid,
      ),

    unmergeContacts: async ({ mergeId, workspaceId }) => {
      await call('unmerge_contacts', { p_merge_id: mergeId, p_workspace_id: workspaceId }, Nothing)
    },

    rejectMergeCandidate: async ({ candidateId, workspaceId }) => {
      await call('reject_merge_candidate', { p_candidate_id: candidateId, p_workspace_id: workspaceId }, Nothing)
    },

    explainContact: ({ contactId, workspaceId }) =>
      call('explain_contact', { p_contact_id: contactId, p_workspace_id: workspaceId }, ContactExplanation),

    contactSyncStats: ({ workspaceId }) =>
      call('contact_sync_stats', { p_workspace_id: workspaceId }, onlyRow(ContactSyncStats)),

    reconcileContacts: ({ workspaceId, staleAfter, limit }) =>
      call(
        'reconcile_contacts',
        { p_workspace_id: workspaceId, p_stale_after: staleAfter, p_limit: limit },
        onlyRow(ReconcileOutcome),
      ),
  }
}
