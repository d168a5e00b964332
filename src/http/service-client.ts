import { createAdminClient } from '@supabase/server/core'
import { CLIENT_OPTIONS, type CrmClient, createCrmClient } from '../crm/client.ts'
import { gatheredIngest } from '../crm/gathered-ingest.ts'
import type { Env } from '../lib/secrets.ts'

/** The function's environment, in Deno as in Node. */
export const readEnv: Env = (name) => process.env[name]

/**
 * A CRM client with the service role (`SUPABASE_URL`, `SUPABASE_SECRET_KEYS`), made at its first use and kept:
 * it holds no state of a request. Webhooks that arrive together are stored together. Throws when the environment lacks either.
 */
export function serviceCrmClient(): () => CrmClient {
  let client: CrmClient | undefined
  return () => {
    client ??= create()
    return client
  }
}

function create(): CrmClient {
  const client = createCrmClient(createAdminClient({ supabaseOptions: CLIENT_OPTIONS }))
  return { ...client, ingestWebhook: gatheredIngest(client.ingestWebhook) }
}
