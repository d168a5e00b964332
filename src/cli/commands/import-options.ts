import type { Command } from 'commander'
import { z } from 'zod'
import { wholeNumber } from './options.ts'

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
