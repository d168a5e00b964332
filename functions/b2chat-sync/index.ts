/**
 * Syncs one B2Chat account, for secret keys and for admins of its workspace: POST {channelAccountId}. Call again while the
 * answer says hasMore.
 * Environment: B2CHAT_CREDENTIALS; SUPABASE_URL, the publishable and secret keys and the JWKS, which the platform sets.
 */

import { createCallerHandler } from '../../src/http/caller.ts'
import { createLogger } from '../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../src/http/service-client.ts'
import { createB2ChatSync } from '../../src/sync/b2chat/b2chat-sync.ts'

const handler = createB2ChatSync({ crm: serviceCrmClient(), env: readEnv })

export default { fetch: createCallerHandler({ route: 'b2chat-sync', logger: createLogger() }, handler) }
