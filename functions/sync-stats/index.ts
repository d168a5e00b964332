/**
 * Counts of one workspace, for its members and for secret keys: GET ?workspaceId=.
 * Environment: SUPABASE_URL, the publishable and secret keys and the JWKS, which the platform sets.
 */
import { createCallerHandler } from '../../src/http/caller.ts'
import { createLogger } from '../../src/http/log.ts'
import { syncStats } from '../../src/http/sync-stats.ts'

export default { fetch: createCallerHandler({ route: 'sync-stats', logger: createLogger() }, syncStats) }
