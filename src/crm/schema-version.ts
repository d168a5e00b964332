/** Whether this client and the schema of its database belong together. A process asks once, never once per call. */
import { z } from 'zod'
import type { Call } from './rpc.ts'
import { RpcError } from './rpc-error.ts'

/** The release that this client is of. `npm run check` holds it equal to package.json's and to the schema's. */
export const CLIENT_VERSION = '0.1.0'

export interface SchemaCalls {
  /** The version of the schema that is installed. For every signed-in user. */
  schemaVersion(): Promise<string>
}

export function schemaCalls(call: Call): SchemaCalls {
  return { schemaVersion: () => call('schema_version', {}, z.string().regex(/^\d+\.\d+\.\d+$/)) }
}

/**
 * What a client may expect of the database (docs/releasing.md). Patch releases do not differ in it.
 * `same`: all that it knows. `newer`: that too, because a schema only gains within a major version.
 * `too_old`, `too_new`: nothing. The schema lacks what the client calls, or is of another major version.
 */
export type SchemaFit = 'same' | 'newer' | 'too_old' | 'too_new'

export interface Versions {
  /** Null where the database has no `schema_version`: it is older than every release. */
  database: string | null
  client: string
  fit: SchemaFit
}

/** Both versions. Throws `RpcError` when the database does not answer. */
export async function readVersions(crm: SchemaCalls, client: string = CLIENT_VERSION): Promise<Versions> {
  const database = await crm.schemaVersion().catch((error: unknown) => {
    if (error instanceof RpcError && error.code === NO_SUCH_FUNCTION) return null
    throw error
  })
  return { database, client, fit: fitOf(database, client) }
}

/** PostgREST's code for a function that the schema does not have. */
const NO_SUCH_FUNCTION = 'PGRST202'

function fitOf(database: string | null, client: string): SchemaFit {
  if (database === null) return 'too_old'
  const [major = 0, minor = 0] = database.split('.').map(Number)
  const [clientMajor = 0, clientMinor = 0] = client.split('.').map(Number)
  if (major !== clientMajor) return major < clientMajor ? 'too_old' : 'too_new'
  if (minor !== clientMinor) return minor < clientMinor ? 'too_old' : 'newer'
  return 'same'
}

/** The refusal to work with a schema that does not fit, with what to do about it; null where it fits. */
export function schemaMismatch({ database, client, fit }: Versions): RpcError | null {
  if (fit === 'same' || fit === 'newer') return null
  const schema = database === null ? 'The database has no schema_version' : `The database's schema is ${database}`
  return new RpcError('schema_version', {
    code: null,
    status: 502,
    stableCode: 'schema_mismatch',
    message: `${schema}, and this client is ${client}.`,
    hint: `${fit === 'too_old' ? PUSH : `Check out release ${database} and deploy its functions`}: docs/releasing.md.`,
    detail: { code: 'schema_mismatch', database, client },
  })
}

const PUSH = 'Push the migrations of this checkout with `npx supabase@3.1.0 db push`'
