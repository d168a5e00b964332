/** What the options of all commands have in common. */
import { z } from 'zod'
import { CHANNELS, type Channel } from '../../contract/channels.ts'
import { RpcError } from '../../crm/rpc-error.ts'
import type { Account, Connection } from '../connection.ts'
import { UsageError } from '../exit-codes.ts'

export const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'Expected a whole number').transform(Number).pipe(z.number().min(min).max(max))

/** `<channel>:<external id>` as `[channel, external id]`. */
export const accountName = z
  .string()
  .transform((text) => /^([^:]+):(.+)$/.exec(text)?.slice(1))
  .pipe(
    z.tuple([z.enum(CHANNELS), z.string()], {
      error: `Expected <channel>:<external id>, such as ${CHANNELS[0]}:1055…, with the channel ${oneOf(CHANNELS)}`,
    }),
  )

/** The names as a sentence lists them. */
function oneOf(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names)
}

/** A command's options by its schema. Throws a `UsageError` that names the option. */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, given: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const name = String(issue?.path[0] ?? '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UsageError(`--${name}: ${issue?.message ?? 'invalid'}`)
}

/** Runs a look-up; a refused key is a matter of the environment, and anything else goes on as it is. */
export async function lookUp<Result>(find: () => Promise<Result>): Promise<Result> {
  try {
    return await find()
  } catch (error) {
    const isRefused = error instanceof RpcError && (error.status === 401 || error.status === 403)
    if (isRefused) throw new UsageError('The database does not accept the secret key.')
    throw error
  }
}

/**
 * The account of this name, of this workspace where one is given. Throws a `UsageError` when there is none, it belongs to another
 * workspace or is not active; `RpcError` when that cannot be found out.
 */
export async function findAccount(
  database: Connection,
  [channel, externalId]: readonly [Channel, string],
  workspace: string | undefined,
): Promise<Account> {
  const name = `${channel}:${externalId}`
  const [found, workspaceId] = await Promise.all([
    lookUp(() => database.account(channel, externalId)),
    findWorkspaceId(database, workspace),
  ])
  if (!found) throw new UsageError(`Nobody has connected ${name}: use connect_channel first.`)
  if (workspaceId !== undefined && workspaceId !== found.workspaceId) {
    throw new UsageError(`${name} belongs to another workspace than ${workspace}.`)
  }
  if (!found.isActive) throw new UsageError(`${name} is not active.`)
  return found
}

/** The id of the workspace of this slug or id; undefined where none is given. Throws a `UsageError` when there is none. */
export async function findWorkspaceId(
  database: Connection,
  workspace: string | undefined,
): Promise<string | undefined> {
  if (workspace === undefined) return undefined
  const found = await lookUp(() => database.workspace(workspace))
  if (!found) throw new UsageError(`There is no workspace ${workspace}.`)
  return found.id
}
