import { RpcError } from '../../crm/rpc-error.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { isInterruption } from '../interruption.ts'
import type { Terminal } from '../terminal.ts'
import { lookUp } from './options.ts'

/**
 * Prints what `read` finds, as text or as one JSON document, and returns its exit code. A database that does not answer is
 * told the same way, with `EXIT.stopped`, and an interruption, in the words given, with `EXIT.interrupted`; a refused key is a `UsageError`.
 */
export async function printReading<Found extends { exit_code: ExitCode }>(
  terminal: Terminal,
  json: boolean,
  read: () => Promise<Found>,
  toText: (found: Found) => string,
  interruption = 'It was stopped before all was read.',
): Promise<ExitCode> {
  try {
    const found = await lookUp(read)
    terminal.out(json ? JSON.stringify(found) : toText(found))
    return found.exit_code
  } catch (error) {
    const failed = failureOf(error, terminal.interrupted, interruption)
    if (!failed) throw error
    const { code, message, hint } = failed.error
    if (json) terminal.out(JSON.stringify(failed))
    else terminal.err(`${message} (${code})${hint ? `\n${hint}` : ''}`)
    return failed.exit_code
  }
}

function failureOf(
  error: unknown,
  interrupted: AbortSignal,
  interruption: string,
): { exit_code: ExitCode; error: { code: string; message: string; hint: string | null } } | undefined {
  if (!(error instanceof RpcError) && !isInterruption(error, interrupted)) return undefined
  // A call that changes something is not broken off: it may fail later.
  if (interrupted.aborted || !(error instanceof RpcError)) {
    return {
      exit_code: EXIT.interrupted,
      error: { code: 'interrupted', message: interruption, hint: null },
    }
  }
  const { stableCode, code, message, hint } = error
  return { exit_code: EXIT.stopped, error: { code: stableCode ?? code ?? 'database_unavailable', message, hint } }
}
