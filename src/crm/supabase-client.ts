import type { SupabaseClient } from '@supabase/supabase-js'
import { z } from 'zod'
import type { CrmClient, TransformCall } from './client.ts'
import { fetchWithin } from './deadline.ts'
import type { Database } from './generated/database.types.ts'
import { DEFAULT_RETRY, type RetryPolicy, retryTransient } from './retry.ts'
import { RpcError, toRpcError } from './rpc-error.ts'
import {
  BulkContactOutcome,
  BulkOutcome,
  ChannelAccount,
  ContactExplanation,
  ContactOutcome,
  ContactSyncStats,
  ConversationOutcome,
  IngestCounts,
  LandedCounts,
  LockAttempt,
  PageOutcome,
  RateGrant,
  ReconcileOutcome,
  ReplayCounts,
  ReplayOutcome,
  SyncStart,
  TransformCounts,
} from './rpc-types.ts'

/** For the making of the supabase-js client: an unanswered call fails after these milliseconds, more than the API's own 8 s. */
export const CLIENT_OPTIONS = { global: { fetch: fetchWithin(20_000) } }

type Functions = Database['crm']['Functions']

/** A function's arguments by name, none missing and none too many. Values are checked by `CrmClient` and the database. */
type Args<Name extends keyof Functions> = { [Arg in keyof Functions[Name]['Args']]: unknown }

const Uuid = z.string()
const Nothing = z.null().optional()

/** A lease's time to live, where one is given, as an interval. */
const lease = (ttl: number | undefined) => (ttl === undefined ? {} : { p_ttl: `${ttl} seconds` })

/** A function that `returns table` answers an array; this takes the only row, and refuses none or several. */
const onlyRow = <Row extends z.ZodType>(row: Row) => z.tuple([row]).transform(([only]) => only)

/** The workspace of a row that is named by its id: only a router needs it. */
const inWorkspace = (workspaceId: string | undefined) =>
  workspaceId === undefined ? {} : { p_workspace_id: workspaceId }

/** The run that a call works for, where there is one. */
const forRun = (run: TransformCall['run']) =>
  run === undefined ? {} : { p_run_id: run.runId, p_token: run.token, ...inWorkspace(run.workspaceId) }

/**
 * A `CrmClient` over supabase-js. It acts as whoever the client is authenticated as, so the database decides what
 * it may do. Deadlocks and serialization failures are repeated (see `retryTransient`); no other failure is.
 */
export function createCrmClient(supabase: SupabaseClient, retry: RetryPolicy = DEFAULT_RETRY): CrmClient {
  const crm = supabase.schema('crm')

  async function attempt<Result extends z.ZodType>(
    rpc: string,
    args: Record<string, unknown>,
    result: Result,
  ): Promise<z.infer<Result>> {
    const { data, error, status } = await crm.rpc(rpc, args)
    if (error) throw toRpcError(rpc, status, error)
    const parsed = result.safeParse(data)
    if (parsed.success) return parsed.data
    // An empty or foreign answer, such as a proxy's page, must never pass for a success.
    throw new RpcError(rpc, {
      code: null,
      status: 502,
      stableCode: 'unexpected_result',
      message: `${rpc} answered something other than its contract says.`,
      hint: 'Compare the database migrations with this version of the client.',
      detail: {},
    })
  }

  function call<Name extends keyof Functions, Result extends z.ZodType>(
    rpc: Name,
    args: Args<Name>,
    result: Result,
  ): Promise<z.infer<Result>> {
    return retryTransient(() => attempt(rpc, args, result), retry)
  }

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
        {
          p_channel_account_id: channelAccountId,
          p_items: items,
          ...(lockToken === undefined ? {} : { p_lock_token: lockToken }),
        },
        z.array(BulkOutcome).length(items.length),
      ),

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

    updateConversation: ({ conversationId, expectedVersion, patch, workspaceId }) =>
      call(
        'update_conversation',
        {
          p_conversation_id: conversationId,
          p_expected_version: expectedVersion,
          p_patch: patch,
          ...inWorkspace(workspaceId),
        },
        z.number().int(),
      ),

    mergeContacts: ({ survivorId, duplicateId, reason, workspaceId }) =>
      call(
        'merge_contacts',
        { p_survivor_id: survivorId, p_duplicate_id: duplicateId, p_reason: reason, ...inWorkspace(workspaceId) },
        Uuid,
      ),

    unmergeContacts: async ({ mergeId, workspaceId }) => {
      await call('unmerge_contacts', { p_merge_id: mergeId, ...inWorkspace(workspaceId) }, Nothing)
    },

    rejectMergeCandidate: async ({ candidateId, workspaceId }) => {
      await call('reject_merge_candidate', { p_candidate_id: candidateId, ...inWorkspace(workspaceId) }, Nothing)
    },

    explainContact: ({ contactId, workspaceId }) =>
      call('explain_contact', { p_contact_id: contactId, ...inWorkspace(workspaceId) }, ContactExplanation),

    createWorkspace: ({ slug, name, defaultCountry }) =>
      call('create_workspace', { p_slug: slug, p_name: name, p_default_country: defaultCountry }, Uuid),

    connectChannel: ({ workspaceId, channel, externalId, displayName }) =>
      call(
        'connect_channel',
        { p_workspace_id: workspaceId, p_channel: channel, p_external_id: externalId, p_display_name: displayName },
        Uuid,
      ),

    addMember: async ({ workspaceId, userId, role }) => {
      await call('add_member', { p_workspace_id: workspaceId, p_user_id: userId, p_role: role }, Nothing)
    },

    contactSyncStats: ({ workspaceId }) =>
      call('contact_sync_stats', { p_workspace_id: workspaceId }, onlyRow(ContactSyncStats)),

    reconcileContacts: ({ workspaceId, staleAfter, limit }) =>
      call(
        'reconcile_contacts',
        {
          ...(workspaceId === undefined ? {} : { p_workspace_id: workspaceId }),
          ...(staleAfter === undefined ? {} : { p_stale_after: staleAfter }),
          ...(limit === undefined ? {} : { p_limit: limit }),
        },
        onlyRow(ReconcileOutcome),
      ),

    replayDeadLetters: ({ limit }) =>
      call('replay_dead_letters', limit === undefined ? {} : { p_limit: limit }, onlyRow(ReplayCounts)),

    replayDeadLetter: ({ deadLetterId, workspaceId }) =>
      call(
        'replay_dead_letter',
        { p_dead_letter_id: deadLetterId, ...inWorkspace(workspaceId) },
        onlyRow(ReplayOutcome),
      ),

    requireRole: async ({ workspaceId, leastRole }) => {
      await call('require_role', { p_workspace_id: workspaceId, p_least_role: leastRole }, Nothing)
    },

    channelAccount: ({ channelAccountId }) =>
      call('channel_account', { p_channel_account_id: channelAccountId }, onlyRow(ChannelAccount)),

    acquireSyncLock: ({ resource, holder, ttl }) =>
      call('acquire_sync_lock', { p_resource: resource, p_holder: holder, ...lease(ttl) }, onlyRow(LockAttempt)),

    extendSyncLock: ({ resource, token, ttl }) =>
      call('extend_sync_lock', { p_resource: resource, p_token: token, ...lease(ttl) }, z.string().nullable()),

    releaseSyncLock: ({ resource, token }) =>
      call('release_sync_lock', { p_resource: resource, p_token: token }, z.boolean()),

    cleanupExpiredLocks: () => call('cleanup_expired_locks', {}, z.number().int()),

    syncCursor: ({ workspaceId, resource }) =>
      call(
        'sync_cursor',
        { p_workspace_id: workspaceId, p_resource: resource },
        z.record(z.string(), z.unknown()).nullable(),
      ),

    startSync: ({ channelAccountId, resource, mode, holder, runId }) =>
      call(
        'start_sync',
        {
          p_channel_account_id: channelAccountId,
          p_resource: resource,
          p_mode: mode,
          p_holder: holder,
          ...(runId === undefined ? {} : { p_run_id: runId }),
        },
        onlyRow(SyncStart),
      ),

    commitSyncPage: ({ runId, token, items, cursor, totalEstimate, rejected = [], workspaceId }) =>
      call(
        'commit_sync_page',
        {
          p_run_id: runId,
          p_token: token,
          p_items: items,
          p_cursor: cursor,
          p_rejected: rejected,
          ...(totalEstimate === undefined ? {} : { p_total_estimate: totalEstimate }),
          ...inWorkspace(workspaceId),
        },
        onlyRow(PageOutcome),
      ),

    finishSync: async ({ runId, token, status, error, workspaceId, keepCursor }) => {
      await call(
        'finish_sync',
        {
          p_run_id: runId,
          p_token: token,
          p_status: status,
          ...(error === undefined ? {} : { p_error: error }),
          ...inWorkspace(workspaceId),
          ...(keepCursor === undefined ? {} : { p_keep_cursor: keepCursor }),
        },
        Nothing,
      )
    },

    takeRateLimit: ({ bucket, cost = 1 }) =>
      call('take_rate_limit', { p_bucket: bucket, p_cost: cost }, onlyRow(RateGrant)),

    setRateLimit: async ({ bucket, capacity, refillPerSecond }) => {
      await call(
        'set_rate_limit',
        { p_bucket: bucket, p_capacity: capacity, p_refill_per_second: refillPerSecond },
        Nothing,
      )
    },

    blockRateLimit: async ({ bucket, seconds }) => {
      await call('block_rate_limit', { p_bucket: bucket, p_for: `${seconds} seconds` }, Nothing)
    },

    landRawRecords: ({ channelAccountId, entity, records, rejected = [], resource, lockToken, cursor, runId }) =>
      call(
        'land_raw_records',
        {
          p_channel_account_id: channelAccountId,
          p_entity: entity,
          p_records: records,
          p_rejected: rejected,
          ...(resource === undefined ? {} : { p_resource: resource }),
          ...(lockToken === undefined ? {} : { p_lock_token: lockToken }),
          ...(cursor === undefined ? {} : { p_cursor: cursor }),
          ...(runId === undefined ? {} : { p_run_id: runId }),
        },
        onlyRow(LandedCounts),
      ),

    transformRawContacts: ({ limit = 500, run } = {}) =>
      call('transform_raw_contacts', { p_limit: limit, ...forRun(run) }, onlyRow(TransformCounts)),

    transformRawChats: ({ limit = 500, run } = {}) =>
      call('transform_raw_chats', { p_limit: limit, ...forRun(run) }, onlyRow(TransformCounts)),
  }
}
