import { Command, CommanderError } from 'commander'
import { ONEFOLD } from './command-name.ts'
import { importCommand } from './commands/import.ts'
import { locksCommand } from './commands/locks.ts'
import { statusCommand } from './commands/status.ts'
import { syncCommand } from './commands/sync.ts'
import { EXIT, EXIT_HELP, type ExitCode, type Finish, UsageError } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line (without the program's own name) and returns what to exit with. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.done
  const program = new Command(ONEFOLD)
    .description('One contact per person, one conversation per thread, every message exactly once.')
    .addHelpText('after', EXIT_HELP.program)
  const finish: Finish = (finished) => {
    code = finished
  }
  for (const command of [importCommand, syncCommand, statusCommand, locksCommand]) {
    program.addCommand(command(terminal, finish))
  }
  prepare(program, terminal)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (!(error instanceof UsageError)) throw error
    terminal.err(`onefold: ${error.message}`)
    return EXIT.usage
  }
}

/** Every command says what it has to say through the terminal, and none ends the process. */
function prepare(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.err(text.trimEnd()),
  })
  for (const child of command.commands) prepare(child, terminal)
}
