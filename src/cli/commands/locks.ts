import { Command } from 'commander'
import { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import type { Connection } from '../connection.ts'
import { EXIT, EXIT_HELP, type ExitCode, type Finish } from '../exit-codes.ts'
import type { HeldLock, StuckLock } from '../monitoring.ts'
import { type Cell, durationText, tableText, timeText } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { findWorkspaceId, parseOptions } from './options.ts'
import { printReading } from './reading.ts'
import { checkSchema } from './schema.ts'

const options = z.object({
  workspace: z.string().optional(),
  cleanup: z.boolean().default(false),
  json: z.boolean().default(false),
})

/** The call is not broken off, and nobody waits for its answer. */
const CLEANUP_INTERRUPTED =
  'It was stopped before all was read. The locks whose lease is over may be marked as free all the same.'

/** What `--json` prints; rows are as the table and the view give them. */
interface Locks {
  exit_code: ExitCode
  /** How many locks were marked as free; null when that was not asked for. */
  cleaned: number | null
  /** The time left is by this machine's clock. */
  held: (HeldLock & { seconds_left: number })[]
  stuck: StuckLock[]
}

/** `onefold locks` */
export function locksCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('locks')
    .description('Who holds which lock and for how long, and which were never given back')
    .option('--workspace <slug or id>', 'show those of this workspace only')
    .option(
      '--cleanup',
      'first mark all locks whose lease is over as free; the scheduled job does so every minute',
      false,
    )
    .option('--json', 'print it as one JSON object', false)
    .addHelpText('after', EXIT_HELP.locks)
    .action(async (given: unknown) => {
      const { workspace, cleanup, json } = parseOptions(options, given)
      const database = terminal.connect()
      const read = async () => {
        await checkSchema(database, terminal)
        return readLocks(database, terminal.clock, workspace, cleanup)
      }
      finish(await printReading(terminal, json, read, locksText, cleanup ? CLEANUP_INTERRUPTED : undefined))
    })
}

async function readLocks(
  database: Connection,
  clock: Clock,
  workspace: string | undefined,
  cleanup: boolean,
): Promise<Locks> {
  const scope = { workspaceId: await findWorkspaceId(database, workspace) }
  const cleaned = cleanup ? await database.crm.cleanupExpiredLocks() : null
  // Read one after the other: a lock whose lease ends in between is in both, and stays out of those that are held.
  const taken = await database.monitoring.locks(scope)
  const stuck = await database.monitoring.stuckLocks(scope)
  const isOver = ({ resource, expires_at }: HeldLock) =>
    stuck.some((one) => one.resource === resource && one.expired_at === expires_at)
  const held = taken
    .filter((lock) => !isOver(lock))
    .map((lock) => ({ ...lock, seconds_left: secondsUntil(lock.expires_at, clock) }))
  return { exit_code: EXIT.done, cleaned, held, stuck }
}

function secondsUntil(time: string, clock: Clock): number {
  return Math.max(0, Math.round((Date.parse(time) - clock.now()) / 1000))
}

function locksText({ cleaned, held, stuck }: Locks): string {
  const parts = [
    tableText('Held', ['resource', 'by', 'since (UTC)', 'time left'], held.map(heldRow)),
    tableText('Never given back', ['resource', 'by', 'for', 'last page (UTC)', 'run'], stuck.map(stuckRow)),
  ]
  if (cleaned !== null) parts.unshift(`Marked as free: ${cleaned}`)
  return parts.join('\n\n')
}

function heldRow({ resource, holder, acquired_at, seconds_left }: Locks['held'][number]): Cell[] {
  return [resource, holder, timeText(acquired_at), durationText(seconds_left * 1000)]
}

function stuckRow({ resource, holder, stuck_for, last_page_at, run_id }: StuckLock): Cell[] {
  return [resource, holder, stuck_for, last_page_at === null ? null : timeText(last_page_at), run_id]
}
