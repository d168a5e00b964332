import { Command } from 'commander'
import { z } from 'zod'
import type { Versions } from '../../crm/schema-version.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Connection } from '../connection.ts'
import { EXIT, EXIT_HELP, type Finish } from '../exit-codes.ts'
import type { Status } from '../monitoring.ts'
import { statusText } from '../status-text.ts'
import type { Terminal } from '../terminal.ts'
import { findWorkspaceId, parseOptions, wholeNumber } from './options.ts'
import { printReading } from './reading.ts'
import { checkSchema } from './schema.ts'

const options = z.object({
  workspace: z.string().optional(),
  days: wholeNumber(1, 365),
  json: z.boolean().default(false),
})

/** `onefold status` */
export function statusCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('status')
    .description('What runs, what is wrong, how the last days went, and what could not be stored')
    .option('--workspace <slug or id>', 'of this workspace only')
    .option('--days <days>', 'how many days of statistics', '7')
    .option('--json', 'print it as one JSON object', false)
    .addHelpText('after', EXIT_HELP.status)
    .action(async (given: unknown) => {
      const { workspace, days, json } = parseOptions(options, given)
      const database = terminal.connect()
      const read = async () => {
        const versions = await checkSchema(database, terminal)
        return readStatus(database, versions, terminal.clock, workspace, days)
      }
      finish(await printReading(terminal, json, read, statusText))
    })
}

const DAY_MS = 86_400_000

async function readStatus(
  { monitoring, ...database }: Connection,
  versions: Versions,
  clock: Clock,
  workspace: string | undefined,
  days: number,
): Promise<Status> {
  const scope = { workspaceId: await findWorkspaceId({ monitoring, ...database }, workspace) }
  const since = new Date(clock.now() - (days - 1) * DAY_MS).toISOString().slice(0, 10)
  const [problems, running, statistics, deadLetters] = await Promise.all([
    monitoring.problems(scope),
    monitoring.activeSyncs(scope),
    monitoring.statistics({ ...scope, since }),
    monitoring.deadLetters(scope),
  ])
  const ok = problems.length === 0
  const code = ok ? EXIT.done : EXIT.unhealthy
  return { ok, exit_code: code, versions, problems, running, since, statistics, dead_letters: deadLetters }
}
