/**
 * The rows that the database functions return, as schemas: an answer that does not fit is an error, not a guess.
 * Names are the database's own.
 */
import { z } from 'zod'

const Count = z.number().int().nonnegative()
const Version = z.number().int().positive()

/** An item's `[received, duplicates, failed]`. */
export const ItemCounts = z.tuple([Count, Count, Count])
export type ItemCounts = z.infer<typeof ItemCounts>

export const IngestCounts = z.object({ received: Count, duplicates: Count, failed: Count, items: z.array(ItemCounts) })
/**
 * Events of a webhook (an item without any counts as one, a rejected entry too): of `received`, known and dead letters. `items` has
 * the same of each item, in order, without what was rejected.
 */
export type IngestCounts = z.infer<typeof IngestCounts>

export const ConversationOutcome = z.object({
  conversation_id: z.string().nullable(),
  contact_id: z.string().nullable(),
  version: Version.nullable(),
  is_new: z.boolean().nullable(),
  contact_outcome: z.string().nullable(),
  events_inserted: Count.nullable(),
  events_duplicate: Count.nullable(),
  error: z.record(z.string(), z.unknown()).nullable(),
})
/** What became of one item. Where `error` is set the item is a dead letter and the other fields may be null. */
export type ConversationOutcome = z.infer<typeof ConversationOutcome>

export const BulkOutcome = ConversationOutcome.extend({ ordinal: z.number().int() })
/** The same with the item's place in the call, in order. */
export type BulkOutcome = z.infer<typeof BulkOutcome>

export const ContactOutcome = z.object({
  contact_id: z.string().nullable(),
  outcome: z.enum(['created', 'linked', 'updated', 'upgraded', 'unchanged', 'stale', 'ignored']),
  sync_source: z.string().nullable(),
  version: Version.nullable(),
})
/** What became of one contact; `ignored` had no usable identity and has no `contact_id`. */
export type ContactOutcome = z.infer<typeof ContactOutcome>

export const BulkContactOutcome = ContactOutcome.extend({
  ordinal: z.number().int(),
  error: z.record(z.string(), z.unknown()).nullable(),
})
/** The same with the contact's place in the call, in order. Where `error` is set nothing was written of it. */
export type BulkContactOutcome = z.infer<typeof BulkContactOutcome>

/** Where a contact's field or identity comes from; what is not known is null. */
const FieldExplanation = z.object({
  value: z.unknown(),
  source: z.string(),
  at: z.string().nullable(),
  delivery: z.string().nullable(),
})
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
  evidence: z.record(z.string(), z.unknown()),
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
/** What one bounded call fixed, what it found that needs somebody, and whether there is more to look at. */
export type ReconcileOutcome = z.infer<typeof ReconcileOutcome>

export const ReplayCounts = z.object({ replayed: Count, failed: Count })
/** Dead letters that are stored now, and those that are still open. */
export type ReplayCounts = z.infer<typeof ReplayCounts>

export const ReplayOutcome = z.object({ replayed: z.boolean(), error: z.record(z.string(), z.unknown()).nullable() })
/** Whether the item is stored now, and why not. */
export type ReplayOutcome = z.infer<typeof ReplayOutcome>

/** Where a contact's data comes from: a chat that mentions the person, or the provider's contacts API. */
export type SyncSource = 'chat_embedded' | 'contacts_api'

/** The least to the most powerful role of a workspace's member. */
export type MemberRole = 'viewer' | 'agent' | 'admin' | 'owner'

/** What a member may change in a conversation. */
export interface ConversationPatch {
  status?: string
  tags_add?: string[]
  tags_remove?: string[]
  unread_count?: number
}

export const ChannelAccount = z.object({
  workspace_id: z.string(),
  channel: z.string(),
  external_id: z.string(),
  settings: z.record(z.string(), z.unknown()),
  is_active: z.boolean(),
})
export type ChannelAccount = z.infer<typeof ChannelAccount>

export const LockAttempt = z.union([
  z.object({ acquired: z.literal(true), token: z.string(), fencing_token: z.number().int(), expires_at: z.string() }),
  z.object({ acquired: z.literal(false), held_by: z.string(), expires_at: z.string() }),
])
/** A lock that was taken, or who holds it until when. */
export type LockAttempt = z.infer<typeof LockAttempt>

const ItemOutcomes = z.object({
  items: Count,
  created: Count,
  updated: Count,
  unchanged: Count,
  failed: Count,
  rejected: Count,
  total_estimate: Count.nullable(),
})
const StartedRun = ItemOutcomes.extend({
  pages: Count,
  run_id: z.string(),
  mode: z.enum(['full', 'incremental']),
  since: z.string().nullable(),
})
export const SyncStart = z.discriminatedUnion('status', [
  StartedRun.extend({
    status: z.literal('running'),
    token: z.string(),
    cursor: z.record(z.string(), z.unknown()),
    resumed: z.boolean(),
    fencing_token: z.number().int(),
    expires_at: z.string(),
  }),
  StartedRun.extend({ status: z.enum(['completed', 'failed']), token: z.null() }),
])
/**
 * A run that the caller now holds the lock of, with where it goes on (`cursor`), since when it reads (`since`, null: everything) and
 * how far it has come; or one that was asked for by its id and has finished.
 */
export type SyncStart = z.infer<typeof SyncStart>
/** The former. */
export type StartedSync = Extract<SyncStart, { status: 'running' }>

export const PageOutcome = ItemOutcomes.extend({
  expires_at: z.string(),
  run_pages: Count,
  run_items: Count,
  run_created: Count,
  run_updated: Count,
  run_unchanged: Count,
  run_failed: Count,
  run_rejected: Count,
})
/** What became of a page's items (`items` is the sum of the next four), when the lease ends now, and the same of the whole run. */
export type PageOutcome = z.infer<typeof PageOutcome>

export const RateGrant = z.discriminatedUnion('granted', [
  z.object({ granted: z.literal(true) }),
  z.object({ granted: z.literal(false), retry_after_ms: Count }),
])
/** Leave to send, or in how many milliseconds to ask again. */
export type RateGrant = z.infer<typeof RateGrant>

/** How a process leaves a run: for good, or to be resumed. */
export type SyncEnd = 'completed' | 'paused' | 'failed'

export const LandedCounts = z.object({ landed: Count, unchanged: Count })
/** Records that are new or had failed before, and records already there. */
export type LandedCounts = z.infer<typeof LandedCounts>

export const TransformCounts = z.object({
  processed: Count,
  created: Count,
  updated: Count,
  upgraded: Count,
  skipped: Count,
  failed: Count,
})
/** What became of raw records; `processed` is the sum. */
export type TransformCounts = z.infer<typeof TransformCounts>

/** What an export of raw records is about. */
export type RawEntity = 'contacts' | 'chats'
