import type { Command } from 'commander'
import { z } from 'zod'
import { RpcError } from '../../crm/rpc-error.ts'
import { UsageError } from '../exit-codes.ts'

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'Expected a whole number').transform(Number).pipe(z.number().min(min).max(max))

/** The options that all imports have, as the shape of a schema; `maxBatch` is what one call takes. */
export const sharedOptions = (maxBatch: number) => ({
  batch: wholeNumber(1, maxBatch),
  dryRun: z.boolean().default(false),
  resume: z.boolean(),
  keepUnknown: z.boolean().default(false),
  show: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  retries: wholeNumber(0, 100),
  json: z.boolean().default(false),
})

export function addSharedOptions(command: Command, maxBatch: number): Command {
  return command
    .option('--batch <lines>', `lines that go in together, at most ${maxBatch}`, '500')
    .option('--dry-run', 'read and judge the lines only: nothing is sent or written', false)
    .option('--no-resume', 'begin at the first line, whatever an earlier run has done')
    .option('--keep-unknown', "keep unknown fields in a contact's custom attributes or a message's payload", false)
    .option('--show <lines>', 'how many rejected lines to print; the file of rejected lines has all', '20')
    .option('--retries <times>', 'how often to repeat a call that the database could not answer', '5')
    .option('--json', 'print the summary as one JSON object', false)
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
