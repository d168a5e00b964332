import { schemaMismatch, type Versions } from '../../crm/schema-version.ts'
import type { Connection } from '../connection.ts'
import type { Terminal } from '../terminal.ts'
import { lookUp } from './options.ts'

/**
 * The versions of the database and of this command. Every command asks before it does anything. Throws `RpcError`
 * `schema_mismatch` where they do not fit; tells the terminal where the database is newer, which works.
 */
export async function checkSchema(database: Connection, terminal: Terminal): Promise<Versions> {
  const versions = await lookUp(() => database.versions())
  const mismatch = schemaMismatch(versions)
  if (mismatch) throw mismatch
  if (versions.fit === 'newer') {
    terminal.err(`The database's schema is ${versions.database}, and this command is ${versions.client}: update it.`)
  }
  return versions
}
