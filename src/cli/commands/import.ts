import { Command } from 'commander'
import { EXIT_HELP, type Finish } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { importContactsCommand } from './import-contacts.ts'
import { importMessagesCommand } from './import-messages.ts'

export function importCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('import')
    .description('Bring in contacts and messages of an older system (docs/import.md has the formats)')
    .addCommand(importContactsCommand(terminal, finish))
    .addCommand(importMessagesCommand(terminal, finish))
  for (const child of command.commands) child.addHelpText('after', EXIT_HELP.import)
  return command.addHelpText('after', EXIT_HELP.import)
}
