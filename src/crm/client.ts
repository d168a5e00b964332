/** The typed client of the database's API: one method per function of schema `crm`, and nothing it decides itself. */
import type { Channel, Identity, InboundItem, RejectedItem } from '../channels/inbound.ts'
import type {
  BulkOutcome,
  ContactOutcome,
  ContactSyncStats,
  ConversationOutcome,
  ConversationPatch,
  IngestCounts,
  MemberRole,
  SyncSource,
} from './rpc-types.ts'

/** A contact as a source delivered it; fields left out are unknown. Other columns of `contacts` may be given too. */
export interface ContactInput {
  identities: Identity[]
  /** The same person's old ids: the provider says that an id changed. */
  previous_identities?: Identity[]
  full_name?: string | null
  email?: string | null
  phone?: string | null
  mobile?: string | null
  /** By the source's own clock: ISO 8601. */
  source_updated_at?: string
  [field: string]: unknown
}

/**
 * Every method is one call of one database function, which is one transaction. A failure is thrown as `RpcError`
 * (codes in docs/errors.md). Every function is idempotent, so that a call may be repeated after any failure.
 * A call takes at most 500 items and 2,000 events; callers slice (PT400 `invalid_input` beyond).
 */
export interface CrmClient {
  /**
   * Ingests what a webhook brought for one provider account and keeps what translation rejected as dead letters.
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
   * Ingests many items of a known account: one row per item, in order; a bad item never blocks its neighbours.
   * With a lock token it writes only while that lock is held (PT409 `lock_lost`). Service role only.
   */
  bulkUpsertConversationsWithEvents(call: {
    channelAccountId: string
    items: InboundItem[]
    lockToken?: string
  }): Promise<BulkOutcome[]>

  /** Finds or creates the contact an API record or a chat speaks of, and merges the values it gives. Service role only. */
  upsertContact(call: { workspaceId: string; syncSource: SyncSource; contact: ContactInput }): Promise<ContactOutcome>

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

  /** Creates the workspace of this slug, or finds it, and returns its id. Service role only. */
  createWorkspace(call: { slug: string; name: string; defaultCountry: string }): Promise<string>

  /**
   * Connects a provider account to a workspace and returns the channel account's id; connecting it again changes
   * nothing. PT409 when it belongs to another workspace. Service role only.
   */
  connectChannel(call: {
    workspaceId: string
    channel: Channel
    externalId: string
    displayName: string
  }): Promise<string>

  /** Makes a user a member of a workspace, or changes the role. For owners. */
  addMember(call: { workspaceId: string; userId: string; role: MemberRole }): Promise<void>

  /** Counts contacts, stubs and conversations of a workspace. PT403 for anyone who is no member of it. */
  contactSyncStats(call: { workspaceId: string }): Promise<ContactSyncStats>
}
