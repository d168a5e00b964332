import { readVersions, type SchemaCalls } from '../crm/schema-version.ts'
import type { Logger } from './log.ts'

/**
 * Writes one warning when the schema of the database is of another release than this function. It never throws: what
 * the function can do without a fitting schema, it does, and its calls fail by themselves where they cannot.
 */
export async function warnOfSchema(crm: SchemaCalls, logger: Logger): Promise<void> {
  try {
    const { database, client, fit } = await readVersions(crm)
    if (fit === 'same') return
    const code = fit === 'newer' ? 'schema_newer' : 'schema_mismatch'
    logger.log('warn', 'schema', { code, schemaVersion: database ?? 'none', clientVersion: client })
  } catch {
    // A database that does not answer fails the request's own call as well, and that is logged.
  }
}
