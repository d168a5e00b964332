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

export const ContactSyncStats = z.object({
  contacts: Count,
  contacts_needing_sync: Count,
  stale_stubs: Count,
  conversations: Count,
  orphaned_conversations: Count,
})
/** Counts of one workspace. */
export type ContactSyncStats = z.infer<typeof ContactSyncStats>

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
