/** The typed client of the database's API: one method per function of schema `crm`, and nothing it decides itself. */
import type { Channel, Identity, InboundItem, RejectedItem } from '../contract/inbound.ts'
import type {
  BulkContactOutcome,
  BulkOutcome,
  ChannelAccount,
  ContactExplanation,
  ContactOutcome,
  ContactSyncStats,
  ConversationOutcome,
  ConversationPatch,
  IngestCounts,
  LandedCounts,
  LockAttempt,
  MemberRole,
  PageOutcome,
  RateGrant,
  RawEntity,
  ReconcileOutcome,
  ReplayCounts,
  ReplayOutcome,
  SyncEnd,
  SyncSource,
  SyncStart,
  TransformCounts,
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

/** How many records at most, and for which run. */
export interface TransformCall {
  limit?: number
  run?: { runId: string; token: string; workspaceId?: string }
}

/**
 * Every method is one call of one database function, which is one transaction. A failure is thrown as `RpcError`
 * (codes in docs/errors.md). Every function is idempotent, so that a call may be repeated after any failure; the decisions
 * about merges answer a repeat with an error that says what stands.
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
   * The same for up to 500 contacts in one transaction: one row per contact, in order. A contact that is malformed or
   * that the database refuses has `error` set, and the others go in. Service role only.
   */
  bulkUpsertContacts(call: {
    workspaceId: string
    syncSource: SyncSource
    contacts: ContactInput[]
  }): Promise<BulkContactOutcome[]>

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

  /**
   * Merges two contacts by a person's decision and returns the merge's id, by which it can be undone. Merged-away ids are
   * followed; PT400 when the two are one contact already, PT404 when one is not there. For agents. Called again after
   * an answer was lost it gives that PT400: the merge stands.
   */
  mergeContacts(call: {
    survivorId: string
    duplicateId: string
    reason: string
    workspaceId?: string
  }): Promise<string>

  /**
   * Undoes a merge and keeps the two apart from then on. PT409 `already_undone`; PT409 `merged_again` with the `merge_id`
   * that is to be undone first. For agents.
   */
  unmergeContacts(call: { mergeId: string; workspaceId?: string }): Promise<void>

  /** Decides that the two contacts of a candidate are two people. PT409 `already_merged`. For agents. */
  rejectMergeCandidate(call: { candidateId: string; workspaceId?: string }): Promise<void>

  /** Says where a contact's identities and fields came from, and which merges and candidates it has. For viewers. */
  explainContact(call: { contactId: string; workspaceId?: string }): Promise<ContactExplanation>

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

  /**
   * Links orphaned conversations, merges stubs that nothing keeps apart, counts what needs somebody: one bounded part of it, to
   * be called until `has_more` is false. Without a workspace over all of them. PT404 for an unknown one. Service role only.
   */
  reconcileContacts(call: { workspaceId?: string; staleAfter?: string; limit?: number }): Promise<ReconcileOutcome>

  /**
   * Ingests up to `limit` (100) open dead letters of active accounts again: stored by now, or still open. Those tried longest ago
   * come first, so that some calls in a row try all. Service role only.
   */
  replayDeadLetters(call: { limit?: number }): Promise<ReplayCounts>

  /** Ingests one dead letter again, or says why it cannot be stored. PT404. For admins. */
  replayDeadLetter(call: { deadLetterId: string; workspaceId?: string }): Promise<ReplayOutcome>

  /** Throws (PT401, PT403) unless the caller has at least this role in the workspace, or is the service role. */
  requireRole(call: { workspaceId: string; leastRole: MemberRole }): Promise<void>

  /** A channel account, for whoever may sync it: PT403 for a member below admin, PT404 when there is none. */
  channelAccount(call: { channelAccountId: string }): Promise<ChannelAccount>

  /**
   * Takes the lock of a resource for `ttl` seconds (five minutes), or says who holds it. Not idempotent: an attempt whose answer
   * was lost may hold the lock until it ends. Service role only, as all below.
   */
  acquireSyncLock(call: { resource: string; holder: string; ttl?: number }): Promise<LockAttempt>

  /** Holds a lock for `ttl` seconds (five minutes) from now and returns when it ends; null when it is lost. */
  extendSyncLock(call: { resource: string; token: string; ttl?: number }): Promise<string | null>

  /** Gives a lock back. False when it was lost before. */
  releaseSyncLock(call: { resource: string; token: string }): Promise<boolean>

  /** Marks the locks whose lease is over as free, and returns how many. */
  cleanupExpiredLocks(): Promise<number>

  /** Where the next run over a resource goes on; null when there was none. */
  syncCursor(call: { workspaceId: string; resource: string }): Promise<Record<string, unknown> | null>

  /**
   * Takes the lock of the account's resource `<channel>:<external id>:<what>` for five minutes, and goes on with its unfinished run or
   * begins one. With `runId` that run is meant: once it has finished it is only returned. PT409 `lock_held`, PT404. Not idempotent:
   * an attempt whose answer was lost may hold the lock until it ends.
   */
  startSync(call: {
    channelAccountId: string
    resource: string
    mode: 'full' | 'incremental'
    holder: string
    runId?: string
  }): Promise<SyncStart>

  /**
   * Ingests a page for a run, keeps what the translation rejected as dead letters and the cursor after it, and holds the lock for
   * five minutes from now, in one transaction. A cursor of null stays as it was: more of the same page follows. PT409 `lock_lost`.
   */
  commitSyncPage(call: {
    runId: string
    token: string
    items: InboundItem[]
    cursor: Record<string, unknown> | null
    totalEstimate?: number
    /** `what` it was is counted on the run, otherwise the reason is. */
    rejected?: (RejectedItem & { what?: string })[]
    workspaceId?: string
  }): Promise<PageOutcome>

  /**
   * Ends a run or lets it pause, and gives its lock back. A failed one needs an error, which begins with a stable code; a paused
   * one may have one. With `keepCursor` the run after a completed one goes on from its cursor. PT409 `lock_lost`.
   */
  finishSync(call: {
    runId: string
    token: string
    status: SyncEnd
    error?: string
    workspaceId?: string
    keepCursor?: boolean
  }): Promise<void>

  /** Takes tokens (one) out of a bucket such as `<channel>:<external id>`, if there are enough and it is not blocked. */
  takeRateLimit(call: { bucket: string; cost?: number }): Promise<RateGrant>

  /** Sets how many tokens a bucket holds and gets a second: 100 and 10 where nobody has. */
  setRateLimit(call: { bucket: string; capacity: number; refillPerSecond: number }): Promise<void>

  /** Lets a bucket grant nothing for these seconds, at most 7 days; a block that ends later stays. */
  blockRateLimit(call: { bucket: string; seconds: number }): Promise<void>

  /**
   * Keeps up to 500 records of an export as delivered, what the translation rejected as dead letters, and the cursor after
   * them, in one transaction. With a lock token it writes only while that lock of the resource is held (PT409 `lock_lost`); with
   * `runId` the token is that run's, which counts the page and holds its lock for five minutes from now.
   */
  landRawRecords(call: {
    channelAccountId: string
    entity: RawEntity
    records: Record<string, unknown>[]
    rejected?: RejectedItem[]
    resource?: string
    lockToken?: string
    cursor?: Record<string, unknown>
    runId?: string
  }): Promise<LandedCounts>

  /**
   * Turns up to 500 pending contact records into contacts: of all accounts, or for a run those of its own, counted on it. Call it
   * until none is processed. PT409 `lock_lost`.
   */
  transformRawContacts(call?: TransformCall): Promise<TransformCounts>

  /** The same of chat records, into conversations. */
  transformRawChats(call?: TransformCall): Promise<TransformCounts>
}
