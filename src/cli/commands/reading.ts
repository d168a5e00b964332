import { RpcError } from '../../crm/rpc-error.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { lookUp } from './options.ts'

/**
 * Prints what `read` finds, as text or as one JSON document, and returns its exit code. A database that does not answer is
 * told the same way, with `EXIT.stopped`; a refused key is a `UsageError`.
 */
export async function printReading<Found extends { exit_code: ExitCode }>(
  terminal: Terminal,
  json: boolean,
  read: () => Promise<Found>,
  toText: (found: Found) => string,
): Promise<ExitCode> {
  try {
    const found = await lookUp(read)
    terminal.out(json ? JSON.stringify(found) : toText(found))
    return found.exit_code
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { message, hint } = error
    const failure = { code: error.stableCode ?? error.code, message, hint }
    if (json) terminal.out(JSON.stringify({ exit_code: EXIT.stopped, error: failure }))
    else terminal.err(`${message} (${failure.code ?? 'no answer'})${hint ? `\n${hint}` : ''}`)
    return EXIT.stopped
  }
}
