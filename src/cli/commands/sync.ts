import { Command, Option } from 'commander'
import { z } from 'zod'
import { CHANNEL_SYNCS, type ChannelSync, syncOf } from '../../contract/syncs.ts'
import { RpcError } from '../../crm/rpc-error.ts'
import type { Connection } from '../connection.ts'
import { EXIT, EXIT_HELP, type ExitCode, type Finish, UsageError } from '../exit-codes.ts'
import { isInterruption } from '../interruption.ts'
import { SYNC_RETRY } from '../sync/call.ts'
import { type FollowEnd, type FollowEvents, type FollowOptions, followSync } from '../sync/follow.ts'
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

const CHANNELS = CHANNEL_SYNCS.map(({ channel }) => channel).join(' or ')

/** `onefold sync` */
export function syncCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('sync')
    .description(
      'Read what a channel account has, to the end: its function works for up to 100 seconds at a time, and is called until nothing is left',
    )
    .requiredOption('--account <channel:external id>', `the account; its channel is ${CHANNELS}`)
    .option('--workspace <slug or id>', 'refuse to run unless the account belongs to this workspace')
    .addOption(
      new Option(
        '--mode <mode>',
        'full reads everything, incremental what changed since the last complete run (the default; the first is full)',
      ).choices(['full', 'incremental']),
    )
    .option('--resume <session>', 'resume this run; without it, the unfinished one')
    .option('--no-wait', 'end, rather than wait for the provider, or for another process that has the run')
    .option('--retries <times>', 'how often to repeat a call that got no answer', String(SYNC_RETRY.retries))
    .option('--json', 'print the summary as one JSON object', false)
    .addHelpText('after', EXIT_HELP.sync)
    .action(async (given: unknown) => {
      finish(await sync(parseOptions(options, given), terminal))
    })
}

async function sync(given: Options, terminal: Terminal): Promise<ExitCode> {
  const name = given.account.join(':')
  const [channel] = given.account
  const kind = syncOf(channel)
  if (!kind) throw new UsageError(`There is nothing to sync on ${channel}: its webhooks bring everything.`)
  const end = await follow(given, kind, terminal.connect(), terminal)
  const code = exitCodeOf(end)
  const summary = syncSummary(name, code, end)
  terminal.out(given.json ? JSON.stringify(summary) : syncText(summary))
  if (given.mode === 'full' && end.last?.mode === 'incremental') {
    terminal.err('Resumed an unfinished incremental run: run the command again for a full one.')
  }
  return code
}

async function follow(
  given: Options,
  { functionName, what }: ChannelSync,
  database: Connection,
  terminal: Terminal,
): Promise<FollowEnd> {
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
      runId: resume ?? null,
      wait,
    }
    const job = { functionName, what, channelAccountId: found.id, mode }
    return await followSync(job, settings, eventsTo(terminal))
  } catch (error) {
    const end = { runId: resume ?? null, last: null, calls: 0, held: null }
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

function exitCodeOf({ status, last }: FollowEnd): ExitCode {
  switch (status) {
    case 'done':
      return last && last.notStored > 0 ? EXIT.rejected : EXIT.done
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
    onProgress({ items, total, notStored }) {
      const of = total === null ? '' : ` of about ${total}`
      const text = `${items}${of} read${notStored > 0 ? `, ${notStored} failed or rejected` : ''}`
      terminal.progress(text, total === null || total === 0 ? undefined : { done: items, total })
    },
    onRetry: (what) => terminal.err(`The function could not be called (${what}): trying again.`),
    onWait: (until) => terminal.err(`The provider wants us to wait until ${timeText(until)} UTC.`),
    onHeld(by) {
      if (!isHeld) terminal.err(`Another process has the run (${printable(by ?? 'an unknown one')}): waiting for it.`)
      isHeld = true
    },
  }
}
