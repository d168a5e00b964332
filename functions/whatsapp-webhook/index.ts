/**
 * The webhook of WhatsApp: GET is Meta's handshake, POST a signed delivery.
 * Environment: META_VERIFY_TOKEN, META_APP_SECRET; SUPABASE_URL and the keys, which the platform sets.
 * It authenticates itself by the signature, so the gateway asks for no token (supabase/config.toml).
 */
import { withSupabase } from '@supabase/server'
import { parseWhatsappWebhook } from '../../src/channels/whatsapp/parse.ts'
import { createLogger } from '../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../src/http/service-client.ts'
import { createWebhookHandler } from '../../src/http/webhook.ts'

const handler = createWebhookHandler({
  route: 'whatsapp-webhook',
  channel: 'whatsapp',
  parse: parseWhatsappWebhook,
  crm: serviceCrmClient(),
  env: readEnv,
  logger: createLogger(),
})

export default { fetch: withSupabase({ auth: 'none', cors: 'disabled' }, handler) }
