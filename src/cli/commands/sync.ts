import { Command, Option } from 'commander'
import { z } from 'zod'
import type { Channel } from '../../contract/channels.ts'
import { RpcError } from '../../crm/rpc-error.ts'
import type { Connection } from '../connection.ts'
import { EXIT, EXIT_HELP, type ExitCode, type Finish, UsageError } from '../exit-codes.ts'
import { isInterruption } from '../interruption.ts'
import { SYNC_RETRY } from '../sync/call.ts'
import { type FollowEnd, type FollowEvents, type FollowOptions, followSync } from '../sync/follow.ts'
import { conversationJob, exportJob, type SyncJob } from '../sync/job.ts'
import { syncSummary, syncText } from '../sync/summary.ts'
import { printable, timeText } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { accountName, findAccount, parseOptions, wholeNumber } from './options.ts'
import { checkSchema } from './schema.ts'

const options = z.object({
  account: accountName,
  workspace: z.string().optional(),
  mode: z.enum(['full', 'incremental']).optional(),
  resume: z.guid('Expected the id of a run').optional(),
  wait: z.boolean(),
  retries: wholeNumber(0, 100),
  json: z.boolean().default(false),
})
type Options = z.infer<typeof options>

/** `onefold sync` */
export function syncCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('sync')
    .description(
      'Read what a channel account has, to the end: its function works for up to 100 seconds at a time, and is called until nothing is left',
    )
    .requiredOption('--account <channel:external id>', 'messenger:<page id> or b2chat:<merchant>')
    .option('--workspace <slug or id>', 'refuse to run unless the account belongs to this workspace')
    .addOption(
      new Option(
        '--mode <mode>',
        'messenger: full reads everything, incremental what changed since the last complete run (the default; the first is full)',
      ).choices(['full', 'incremental']),
    )
    .option('--resume <session>', 'messenger: go on with this run; without it, with the one that is unfinished')
    .option('--no-wait', 'end, rather than wait for the provider, or for another process that goes on with the run')
    .option('--retries <times>', 'how often to repeat a call that got no answer', String(SYNC_RETRY.retries))
    .option('--json', 'print the summary as one JSON object', false)
    .addHelpText('after', EXIT_HELP.sync)
    .action(async (given: unknown) => {
      finish(await sync(parseOptions(options, given), terminal))
    })
}

async function sync(given: Options, terminal: Terminal): Promise<ExitCode> {
  const name = given.account.join(':')
  refuseUnusable(given)
  const database = terminal.connect()
  const end = await follow(given, database, terminal)
  const code = exitCodeOf(end)
  const summary = syncSummary(name, code, end)
  terminal.out(given.json ? JSON.stringify(summary) : syncText(summary))
  if (given.mode === 'full' && end.last?.mode === 'incremental') {
    terminal.err('An unfinished incremental run was gone on with: run the command again for a full one.')
  }
  return code
}

function refuseUnusable({ account: [channel], mode, resume }: Options): void {
  if (channel === 'whatsapp')
    throw new UsageError('There is nothing to sync on whatsapp: its webhooks bring everything.')
  if (channel === 'b2chat' && (mode !== undefined || resume !== undefined)) {
    throw new UsageError('--mode and --resume are for messenger: b2chat goes on from its cursor by itself.')
  }
}

async function follow(given: Options, database: Connection, terminal: Terminal): Promise<FollowEnd> {
  const { account, workspace, mode, resume, wait, retries } = given
  const { clock, interrupted: signal } = terminal
  try {
    await checkSchema(database, terminal)
    const found = await findAccount(database, account, workspace)
    const settings: FollowOptions = {
      call: database.callFunction,
      monitoring: database.monitoring,
      clock,
      random: Math.random,
      retry: { ...SYNC_RETRY, retries },
      signal,
      session: resume ?? null,
      wait,
    }
    return await followSync(jobOf(account, found.id, mode), settings, eventsTo(terminal))
  } catch (error) {
    const end = { session: resume ?? null, last: null, calls: 0, held: null }
    if (isInterruption(error, signal)) return { ...end, status: 'interrupted', failure: null }
    if (!(error instanceof RpcError)) throw error
    const failure = {
      code: error.stableCode ?? error.code ?? 'database_unavailable',
      message: error.message,
      hint: error.hint,
    }
    return { ...end, status: 'stopped', failure }
  } finally {
    terminal.endProgress()
  }
}

function jobOf(
  [channel, externalId]: readonly [Channel, string],
  channelAccountId: string,
  mode: Options['mode'],
): SyncJob {
  return channel === 'b2chat'
    ? exportJob({ channelAccountId })
    : conversationJob({ channelAccountId, pageId: externalId, mode })
}

function exitCodeOf({ status, last }: FollowEnd): ExitCode {
  switch (status) {
    case 'done':
      return last && last.bad > 0 ? EXIT.rejected : EXIT.done
    case 'waiting':
      return EXIT.waiting
    case 'locked':
      return EXIT.locked
    case 'refused':
      return EXIT.usage
    case 'stopped':
      return EXIT.stopped
    case 'interrupted':
      return EXIT.interrupted
  }
}

function eventsTo(terminal: Terminal): FollowEvents {
  let isHeld = false
  return {
    onProgress({ items, total, bad }) {
      const of = total === null ? '' : ` of about ${total}`
      const text = `${items}${of} read${bad > 0 ? `, ${bad} failed or rejected` : ''}`
      terminal.progress(text, total === null || total === 0 ? undefined : { done: items, total })
    },
    onRetry: (what) => terminal.err(`The function could not be called (${what}): trying again.`),
    onWait: (until) => terminal.err(`The provider wants us to wait until ${timeText(until)} UTC.`),
    onHeld(by) {
      if (!isHeld)
        terminal.err(`Another process goes on with the run (${printable(by ?? 'nobody said which')}): waiting for it.`)
      isHeld = true
    },
  }
}
