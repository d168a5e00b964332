import { Command } from 'commander'
import { z } from 'zod'
import { CALL_LIMITS } from '../../contract/slice.ts'
import type { Finish } from '../exit-codes.ts'
import { messageFormat, messageTarget } from '../import/message-target.ts'
import type { Terminal } from '../terminal.ts'
import { addSharedOptions, sharedOptions } from './import-options.ts'
import { importWith } from './import-with.ts'
import { accountName, findAccount, parseOptions } from './options.ts'
import { checkSchema } from './schema.ts'

const options = z.object({
  ...sharedOptions(CALL_LIMITS.maxEvents),
  workspace: z.string().optional(),
  account: accountName,
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
    finish(
      await importWith({ what: 'messages', path, ...shared }, terminal, messageFormat({ keepUnknown }), async () => {
        const database = terminal.connect()
        await checkSchema(database, terminal)
        const found = await findAccount(database, wanted, workspace)
        return messageTarget({
          crm: database.crm,
          channelAccountId: found.id,
          key: JSON.stringify(['messages', database.url, found.id, keepUnknown]),
        })
      }),
    )
  })
}
