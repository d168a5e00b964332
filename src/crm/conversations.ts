/** Conversations: what deliveries bring into them, and what members change. */
import { z } from 'zod'
import type { Channel } from '../contract/channels.ts'
import type { InboundItem, RejectedItem } from '../contract/inbound.ts'
import { type Call, Count, JsonObject, onlyRow, Version } from './rpc.ts'

/** An item's `[received, duplicates, failed]`. */
export const ItemCounts = z.tuple([Count, Count, Count])
export type ItemCounts = z.infer<typeof ItemCounts>

export const IngestCounts = z.object({ received: Count, duplicates: Count, failed: Count, items: z.array(ItemCounts) })
/**
 * Events of a webhook: all (`received`), those already known, and dead letters. An item without events and a rejected
 * entry count as one. `items` has the same counts of each item, in order, without what was rejected.
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
  error: JsonObject.nullable(),
})
/** What became of one item. Where `error` is set the item is a dead letter, and the other fields may be null. */
export type ConversationOutcome = z.infer<typeof ConversationOutcome>

export const BulkOutcome = ConversationOutcome.extend({ ordinal: z.number().int() })
/** The same with the item's place in the call, in order. */
export type BulkOutcome = z.infer<typeof BulkOutcome>

/** What a member may change in a conversation. */
export interface ConversationPatch {
  status?: string
  tags_add?: string[]
  tags_remove?: string[]
  unread_count?: number
}

/** A call takes at most 500 items and 2,000 events. Callers slice (PT400 `invalid_input` beyond). */
export interface ConversationCalls {
  /**
   * Ingests a webhook's items for one provider account, and keeps what translation rejected as dead letters.
   * An unknown account is no error: everything becomes a dead letter. Service role only.
   */
  ingestWebhook(call: {
    channel: Channel
    accountExternalId: string
    items: InboundItem[]
    rejected?: RejectedItem[]
  }): Promise<IngestCounts>

  /** Ingests one item of a known account. A bad item has `error` set and is a dead letter. Service role only. */
  upsertConversationWithEvents(call: { channelAccountId: string; item: InboundItem }): Promise<ConversationOutcome>

  /**
   * Ingests many items of a known account: one row per item, in order. A bad item never blocks its neighbours.
   * With a lock token it writes only while that lock is held (PT409 `lock_lost`). Service role only.
   */
  bulkUpsertConversationsWithEvents(call: {
    channelAccountId: string
    items: InboundItem[]
    lockToken?: string
  }): Promise<BulkOutcome[]>

  /**
   * Changes a conversation and returns its new version. PT409 `version_conflict` when it is no longer at
   * `expectedVersion`, PT404 when there is none. For members with the role agent or above.
   */
  updateConversation(call: {
    conversationId: string
    expectedVersion: number
    patch: ConversationPatch
    workspaceId?: string
  }): Promise<number>
}

export function conversationCalls(call: Call): ConversationCalls {
  return {
    ingestWebhook: ({ channel, accountExternalId, items, rejected = [] }) =>
      call(
        'ingest_webhook',
        { p_channel: channel, p_account_external_id: accountExternalId, p_items: items, p_rejected: rejected },
        onlyRow(IngestCounts),
      ),

    upsertConversationWithEvents: ({ channelAccountId, item }) =>
      call(
        'upsert_conversation_with_events',
        { p_channel_account_id: channelAccountId, p_item: item },
        onlyRow(ConversationOutcome),
      ),

    bulkUpsertConversationsWithEvents: ({ channelAccountId, items, lockToken }) =>
      call(
        'bulk_upsert_conversations_with_events',
        { p_channel_account_id: channelAccountId, p_items: items, p_lock_token: lockToken },
        z.array(BulkOutcome).length(items.length),
      ),

    updateConversation: ({ conversationId, expectedVersion, patch, workspaceId }) =>
      call(
        'update_conversation',
        {
          p_conversation_id: conversationId,
          p_expected_version: expectedVersion,
          p_patch: patch,
          p_workspace_id: workspaceId,
        },
        z.number().int(),
      ),
  }
}
