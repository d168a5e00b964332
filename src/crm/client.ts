/** The typed client of the database's API: one method per function of schema `crm`, composed of one part per room. */
import type { SupabaseClient } from '@supabase/supabase-js'
import { type B2ChatCalls, b2chatCalls } from './b2chat.ts'
import { type ContactCalls, contactCalls } from './contacts.ts'
import { type ConversationCalls, conversationCalls } from './conversations.ts'
import { type DeadLetterCalls, deadLetterCalls } from './dead-letters.ts'
import { fetchWithin } from './deadline.ts'
import { type Call, callOver, DEFAULT_RETRY, type RetryPolicy } from './rpc.ts'
import { type SchemaCalls, schemaCalls } from './schema-version.ts'
import { type SetupCalls, setupCalls } from './setup.ts'
import { type SyncCalls, syncCalls } from './sync.ts'

/**
 * Every method is one call of one database function, which is one transaction. It throws a failure as `RpcError`
 * (codes in docs/errors.md). Every function is idempotent, except where it says otherwise, so a caller may repeat a call
 * after any failure. The decisions about merges answer a repeat with an error that says what stands.
 */
export interface CrmClient
  extends SchemaCalls,
    SetupCalls,
    ContactCalls,
    ConversationCalls,
    DeadLetterCalls,
    SyncCalls,
    B2ChatCalls {}

/** Options for making the supabase-js client: an unanswered call fails after 20 s, later than the API's own 8 s. */
export const CLIENT_OPTIONS = { global: { fetch: fetchWithin(20_000) } }

/**
 * A `CrmClient` over supabase-js. It acts as the user or service that `supabase` is authenticated as, and the database
 * decides what that caller may do.
 */
export function createCrmClient(supabase: SupabaseClient, retry: RetryPolicy = DEFAULT_RETRY): CrmClient {
  return crmClientOver(callOver(supabase, retry))
}

/** A `CrmClient` whose methods all go through `call`. */
export function crmClientOver(call: Call): CrmClient {
  return {
    ...schemaCalls(call),
    ...setupCalls(call),
    ...contactCalls(call),
    ...conversationCalls(call),
    ...deadLetterCalls(call),
    ...syncCalls(call),
    ...b2chatCalls(call),
  }
}
