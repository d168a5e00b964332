import { Command } from 'commander'
import { z } from 'zod'
import { CALL_LIMITS } from '../../channels/slice.ts'
import { UsageError } from '../exit-codes.ts'
import { messageFormat, messageTarget } from '../import/message-target.ts'
import type { Finish } from '../program.ts'
import type { Terminal } from '../terminal.ts'
import { addSharedOptions, lookUp, parseOptions, sharedOptions } from './import-options.ts'
import { importWith } from './import-with.ts'

const account = z
  .string()
  .transform((text) => /^([^:]+):(.+)$/.exec(text)?.slice(1))
  .pipe(
    z.tuple([z.enum(['messenger', 'whatsapp', 'b2chat']), z.string()], {
      error: 'Expected <channel>:<external id>, such as whatsapp:1055…, with the channel messenger, whatsapp or b2chat',
    }),
  )

const options = z.object({
  ...sharedOptions(CALL_LIMITS.maxEvents),
  workspace: z.string().optional(),
  account,
})

/** `onefold import messages <file>` */
export function importMessagesCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('messages')
    .description('Import messages, one JSON object a line; the same message from several tables lands once')
    .argument('<file>', 'the NDJSON file')
    .requiredOption('--account <channel:external id>', 'the channel account they went through')
    .option('--workspace <slug or id>', 'refuse to run unless the account belongs to this workspace')
  return addSharedOptions(command, CALL_LIMITS.maxEvents).action(async (path: string, given: unknown) => {
    const { workspace, account: wanted, keepUnknown, ...shared } = parseOptions(options, given)
    const [channel, externalId] = wanted
    finish(
      await importWith({ what: 'messages', path, ...shared }, terminal, messageFormat({ keepUnknown }), async () => {
        const database = terminal.connect()
        const [found, named] = await lookUp(() =>
          Promise.all([
            database.account(channel, externalId),
            workspace === undefined ? undefined : database.workspace(workspace),
          ]),
        )
        if (named === null) throw new UsageError(`There is no workspace ${workspace}.`)
        if (!found) throw new UsageError(`Nobody has connected ${channel}:${externalId}: use connect_channel first.`)
        if (named && named.id !== found.workspaceId) {
          throw new UsageError(`${channel}:${externalId} belongs to another workspace than ${workspace}.`)
        }
        if (!found.isActive) throw new UsageError(`${channel}:${externalId} is not active.`)
        return messageTarget({
          crm: database.crm,
          channelAccountId: found.id,
          key: JSON.stringify(['messages', database.url, found.id, keepUnknown]),
        })
      }),
    )
  })
}
