/**
 * Syncs the conversations of one Messenger page, for secret keys and for admins of its workspace: POST {channelAccountId,
 * mode?, resumeSession?}. Call again while the answer says hasMore; the scheduled job does so too.
 * Environment: MESSENGER_TOKENS; SUPABASE_URL, the publishable and secret keys and the JWKS, which the platform sets.
 */
import { createCallerHandler } from '../../src/http/caller.ts'
import { createLogger } from '../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../src/http/service-client.ts'
import { createSyncHandler } from '../../src/sync/handler.ts'
import { messengerProvider } from '../../src/sync/messenger/provider.ts'

const handler = createSyncHandler(messengerProvider(), { crm: serviceCrmClient(), env: readEnv })

export default { fetch: createCallerHandler({ route: 'conversation-sync', logger: createLogger() }, handler) }
