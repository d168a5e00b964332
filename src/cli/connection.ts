/** What the commands speak to: the database's API with the service role, from the environment. */
import { createAdminClient, resolveEnv } from '@supabase/server/core'
import type { SupabaseClient } from '@supabase/supabase-js'
import { z } from 'zod'
import type { Channel } from '../contract/channels.ts'
import { CLIENT_OPTIONS, type CrmClient, createCrmClient } from '../crm/client.ts'
import { toRpcError } from '../crm/rpc-error.ts'
import { readVersions, type Versions } from '../crm/schema-version.ts'
import { orAborted } from '../lib/clock.ts'
import { UsageError } from './exit-codes.ts'
import { type CallFunction, functionCaller } from './functions.ts'
import { type Monitoring, monitoringOver } from './monitoring.ts'

export interface Workspace {
  id: string
  slug: string
}

export interface Account {
  id: string
  workspaceId: string
  isActive: boolean
}

export interface Connection {
  /** The API's base URL: what tells one database from another. */
  url: string
  crm: CrmClient
  monitoring: Monitoring
  callFunction: CallFunction
  /** The versions of the schema and of the client. Throws `RpcError`, or the interruption. */
  versions(): Promise<Versions>
  /** The workspace of this slug or id; null when there is none. Throws `RpcError`, or the interruption. */
  workspace(slugOrId: string): Promise<Workspace | null>
  /** The channel account; null when nobody has connected it. Throws `RpcError`, or the interruption. */
  account(channel: Channel, externalId: string): Promise<Account | null>
}

const workspaceRows = z.array(z.object({ id: z.string(), slug: z.string() }))
const accountRows = z.array(z.object({ id: z.string(), workspace_id: z.string(), is_active: z.boolean() }))

/**
 * A connection with the service role (`SUPABASE_URL`, and `SUPABASE_SECRET_KEY` or `SUPABASE_SECRET_KEYS`). What only reads
 * ends at once when it is interrupted, with the signal's reason. Throws a `UsageError` when the environment lacks either.
 */
export function connect(interrupted: AbortSignal): Connection {
  const supabase = adminClient()
  return connectionOver(access(), supabase, interrupted)
}

/** The same over a client that is there. */
function connectionOver(
  to: { url: string; secretKey: string },
  supabase: SupabaseClient,
  interrupted: AbortSignal,
): Connection {
  const crm = supabase.schema('crm')
  const client = createCrmClient(supabase)
  return {
    url: to.url,
    crm: client,
    monitoring: monitoringOver(supabase, interrupted),
    callFunction: functionCaller(to),
    versions: () => orAborted(readVersions(client), interrupted),
    async workspace(slugOrId) {
      const column = z.guid().safeParse(slugOrId).success ? 'id' : 'slug'
      const query = crm.from('workspaces').select('id,slug').eq(column, slugOrId)
      const answer = await query.abortSignal(interrupted)
      if (answer.error) {
        interrupted.throwIfAborted()
        throw toRpcError('workspaces', answer.status, answer.error)
      }
      return workspaceRows.parse(answer.data)[0] ?? null
    },
    async account(channel, externalId) {
      const columns = 'id,workspace_id,is_active'
      const query = crm.from('channel_accounts').select(columns).eq('channel', channel).eq('external_id', externalId)
      const answer = await query.abortSignal(interrupted)
      if (answer.error) {
        interrupted.throwIfAborted()
        throw toRpcError('channel_accounts', answer.status, answer.error)
      }
      const [found] = accountRows.parse(answer.data)
      return found ? { id: found.id, workspaceId: found.workspace_id, isActive: found.is_active } : null
    },
  }
}

function adminClient(): SupabaseClient {
  try {
    return createAdminClient({ supabaseOptions: CLIENT_OPTIONS })
  } catch (error) {
    throw misconfigured(error instanceof Error ? error.message : String(error))
  }
}

/** Where the project is, and the key that `createAdminClient` takes too: the one named default, or the first. */
function access(): { url: string; secretKey: string } {
  const { data, error } = resolveEnv()
  if (error) throw misconfigured(error.message)
  const secretKey = data.secretKeys.default ?? Object.values(data.secretKeys)[0]
  if (!secretKey) throw misconfigured('there is no secret key.')
  return { url: data.url, secretKey }
}

function misconfigured(reason: string): UsageError {
  return new UsageError(`Set SUPABASE_URL, and SUPABASE_SECRET_KEY or SUPABASE_SECRET_KEYS: ${reason}`)
}
