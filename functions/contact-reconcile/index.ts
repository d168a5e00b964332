/**
 * Puts right what deliveries left in one workspace, for its admins and for secret keys: POST {workspaceId}.
 * Environment: SUPABASE_URL, the publishable and secret keys and the JWKS, which the platform sets.
 */
import { createCallerHandler } from '../../src/http/caller.ts'
import { contactReconcile } from '../../src/http/contact-reconcile.ts'
import { createLogger } from '../../src/http/log.ts'
import { serviceCrmClient } from '../../src/http/service-client.ts'

const handler = contactReconcile({ service: serviceCrmClient() })

export default { fetch: createCallerHandler({ route: 'contact-reconcile', logger: createLogger() }, handler) }
