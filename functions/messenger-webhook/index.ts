/**
 * The webhook of Messenger: GET is Meta's handshake, POST a signed delivery.
 * Environment: META_VERIFY_TOKEN, META_APP_SECRET; SUPABASE_URL and the keys, which the platform sets.
 * It authenticates itself by the signature, so the gateway asks for no token (supabase/config.toml).
 */
import { withSupabase } from '@supabase/server'
import { parseMessengerWebhook } from '../../src/channels/messenger/parse.ts'
import { createLogger } from '../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../src/http/service-client.ts'
import { createWebhookHandler } from '../../src/http/webhook.ts'

const handler = createWebhookHandler({
  route: 'messenger-webhook',
  channel: 'messenger',
  parse: parseMessengerWebhook,
  crm: serviceCrmClient(),
  env: readEnv,
  logger: createLogger(),
})

export default { fetch: withSupabase({ auth: 'none', cors: 'disabled' }, handler) }
