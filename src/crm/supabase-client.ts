import type { SupabaseClient } from '@supabase/supabase-js'
import { z } from 'zod'
import type { CrmClient } from './client.ts'
import type { Database } from './database.types.ts'
import { fetchWithin } from './deadline.ts'
import { DEFAULT_RETRY, type RetryPolicy, retryTransient } from './retry.ts'
import { RpcError, toRpcError } from './rpc-error.ts'
import { BulkOutcome, ContactOutcome, ContactSyncStats, ConversationOutcome, IngestCounts } from './rpc-types.ts'

/** For the making of the supabase-js client: an unanswered call fails after these milliseconds, more than the API's own 8 s. */
export const CLIENT_OPTIONS = { global: { fetch: fetchWithin(20_000) } }

type Functions = Database['crm']['Functions']

/** A function's arguments by name, none missing and none too many. Values are checked by `CrmClient` and the database. */
type Args<Name extends keyof Functions> = { [Arg in keyof Functions[Name]['Args']]: unknown }

const Uuid = z.string()
const Nothing = z.null().optional()

/** A function that `returns table` answers an array; this takes the only row, and refuses none or several. */
const onlyRow = <Row extends z.ZodType>(row: Row) => z.tuple([row]).transform(([only]) => only)

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

    updateConversation: ({ conversationId, expectedVersion, patch, workspaceId }) =>
      call(
        'update_conversation',
        {
          p_conversation_id: conversationId,
          p_expected_version: expectedVersion,
          p_patch: patch,
          ...(workspaceId === undefined ? {} : { p_workspace_id: workspaceId }),
        },
        z.number().int(),
      ),

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
  }
}
