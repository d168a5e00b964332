import { createAdminClient } from '@supabase/server/core'
import { CLIENT_OPTIONS, type CrmClient, createCrmClient } from '../crm/client.ts'
import { gatheredIngest } from '../crm/gathered-ingest.ts'
import type { Env } from '../lib/secrets.ts'
import { createLogger, type Logger } from './log.ts'
import { warnOfSchema } from './schema-warning.ts'

/** The function's environment, in Deno as in Node. */
export const readEnv: Env = (name) => process.env[name]

/**
 * A CRM client with the service role (`SUPABASE_URL`, `SUPABASE_SECRET_KEYS`), made at its first use and kept:
 * it holds no state of a request. Webhooks that arrive together are stored together. A schema of another release is logged once,
 * beside the first request, which does not wait for that. Throws when the environment lacks either.
 */
export function serviceCrmClient(logger: Logger = createLogger()): () => CrmClient {
  let client: CrmClient | undefined
  return () => {
    if (client === undefined) {
      client = create()
      void warnOfSchema(client, logger)
    }
    return client
  }
}

function create(): CrmClient {
  const client = createCrmClient(createAdminClient({ supabaseOptions: CLIENT_OPTIONS }))
  return { ...client, ingestWebhook: gatheredIngest(client.ingestWebhook) }
}
