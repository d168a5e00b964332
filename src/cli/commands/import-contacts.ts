import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { type Finish, UsageError } from '../exit-codes.ts'
import { contactFormat, contactTarget, MAX_CONTACTS } from '../import/contact-target.ts'
import type { Terminal } from '../terminal.ts'
import { addSharedOptions, sharedOptions } from './import-options.ts'
import { importWith } from './import-with.ts'
import { lookUp, parseOptions } from './options.ts'
import { checkSchema } from './schema.ts'

const options = z.object({
  ...sharedOptions(MAX_CONTACTS),
  workspace: z.string(),
  source: z.enum(['contacts_api', 'chat_embedded']),
})

/** `onefold import contacts <file>` */
export function importContactsCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('contacts')
    .description('Import contacts, one JSON object a line')
    .argument('<file>', 'the NDJSON file')
    .requiredOption('--workspace <slug or id>', 'the workspace they belong to')
    .addOption(
      new Option('--source <source>', 'contacts_api: records of full contacts; chat_embedded: people chats mention')
        .choices(['contacts_api', 'chat_embedded'])
        .default('contacts_api'),
    )
  return addSharedOptions(command, MAX_CONTACTS).action(async (path: string, given: unknown) => {
    const { workspace, source, keepUnknown, ...shared } = parseOptions(options, given)
    const format = contactFormat({ delivery: `import:${basename(path)}`, keepUnknown })
    finish(
      await importWith({ what: 'contacts', path, ...shared }, terminal, format, async () => {
        const database = terminal.connect()
        await checkSchema(database, terminal)
        const found = await lookUp(() => database.workspace(workspace))
        if (!found) throw new UsageError(`There is no workspace ${workspace}.`)
        return contactTarget({
          crm: database.crm,
          workspaceId: found.id,
          syncSource: source,
          key: JSON.stringify(['contacts', database.url, found.id, source, keepUnknown]),
        })
      }),
    )
  })
}
