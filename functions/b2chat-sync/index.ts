/**
 * Syncs one B2Chat account, for secret keys and for admins of its workspace: POST {channelAccountId, mode?, resumeSession?}.
 * Call again while the answer says hasMore; the scheduled job does so too.
 * Environment: B2CHAT_CREDENTIALS; SUPABASE_URL, the publishable and secret keys and the JWKS, which the platform sets.
 */
import { createCallerHandler } from '../../src/http/caller.ts'
import { createLogger } from '../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../src/http/service-client.ts'
import { b2chatProvider } from '../../src/sync/b2chat/provider.ts'
import { createSyncHandler } from '../../src/sync/handler.ts'

const handler = createSyncHandler(b2chatProvider(), { crm: serviceCrmClient(), env: readEnv })

export default { fetch: createCallerHandler({ route: 'b2chat-sync', logger: createLogger() }, handler) }
