import { RpcError } from '../../crm/rpc-error.ts'
import { EXIT, type ExitCode, UsageError } from '../exit-codes.ts'
import { IMPORT_RETRY } from '../import/deliver.ts'
import { type RejectedLine, rejectedPath } from '../import/rejected-file.ts'
import { type ImportEvents, ImportStopped, importFile } from '../import/run.ts'
import { noProgress, type Progress } from '../import/state.ts'
import { type ImportSummary, summaryText } from '../import/summary.ts'
import type { Format, Target } from '../import/target.ts'
import { isInterruption } from '../interruption.ts'
import type { Terminal } from '../terminal.ts'

interface Settings {
  what: 'contacts' | 'messages'
  path: string
  batch: number
  dryRun: boolean
  resume: boolean
  show: number
  retries: number
  json: boolean
}

/**
 * Imports a file into the target that `open` finds (in a dry run nobody asks for it), tells the terminal about it, and returns what to exit with. Throws a
 * `UsageError` for what keeps it from beginning.
 */
export async function importWith<Entry>(
  settings: Settings,
  terminal: Terminal,
  format: Format<Entry>,
  open: () => Promise<Target<Entry>>,
): Promise<ExitCode> {
  const { path, dryRun, resume, batch, retries } = settings
  const report = (summary: ImportSummary): ExitCode => {
    terminal.endProgress()
    terminal.out(settings.json ? JSON.stringify(summary) : summaryText(summary))
    return summary.exit_code
  }
  try {
    const target = dryRun ? null : await open()
    const retry = { ...IMPORT_RETRY, retries }
    const options = { path, batch, resume, retry, signal: terminal.interrupted }
    const { status, progress, resumedAfterLine } = await importFile(
      format,
      target,
      options,
      eventsTo(terminal, settings),
    )
    const code = status === 'interrupted' ? EXIT.interrupted : progress.rejected > 0 ? EXIT.rejected : EXIT.done
    return report(summarize(settings, status, progress, resumedAfterLine, code, null))
  } catch (error) {
    if (isFileError(error)) throw new UsageError(error.message)
    const { cause, progress, resumedAfterLine } =
      error instanceof ImportStopped ? error : new ImportStopped(error, noProgress(), 0)
    if (cause instanceof UsageError) throw cause
    if (isInterruption(cause, terminal.interrupted)) {
      return report(summarize(settings, 'interrupted', progress, resumedAfterLine, EXIT.interrupted, null))
    }
    return report(summarize(settings, 'stopped', progress, resumedAfterLine, EXIT.stopped, cause))
  }
}

/** What the file system throws: it has a code such as ENOENT. */
function isFileError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

function summarize(
  { what, path, dryRun }: Settings,
  status: ImportSummary['status'],
  progress: Progress,
  resumedAfterLine: number,
  exitCode: ExitCode,
  cause: unknown,
): ImportSummary {
  return {
    import: what,
    file: path,
    dry_run: dryRun,
    status,
    exit_code: exitCode,
    line: progress.line,
    resumed_after_line: resumedAfterLine,
    records: progress.records,
    accepted: progress.records - progress.rejected,
    rejected: progress.rejected,
    rejected_file: !dryRun && progress.rejected > 0 ? rejectedPath(path) : null,
    counts: progress.counts,
    ignored_fields: progress.ignored,
    sanitized: progress.sanitized,
    error: cause === null ? null : described(cause),
  }
}

function described(cause: unknown): { code: string | null; message: string } {
  if (cause instanceof RpcError) return { code: cause.stableCode ?? cause.code, message: cause.message }
  if (isFileError(cause)) return { code: cause.code, message: cause.message }
  return { code: 'internal_error', message: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }
}

function eventsTo(terminal: Terminal, { path, show, what }: Settings): ImportEvents {
  let rejected = 0
  return {
    onStart(from) {
      if ('line' in from) terminal.err(`Going on after line ${from.line} of ${path}.`)
      else terminal.err(`Beginning at the first line: ${from.anewBecause}.`)
    },
    onRejected(line) {
      rejected += 1
      if (rejected <= show) terminal.err(rejectedText(path, line))
      else if (rejected === show + 1) terminal.err('More lines were rejected; the summary has their number.')
    },
    onRetry: (error) =>
      terminal.err(`The database could not take a batch (${error.code ?? error.status}): trying again.`),
    onProgress(progress, bytes) {
      const percent = bytes === 0 ? 100 : Math.floor((100 * progress.offset) / bytes)
      const bad = progress.rejected > 0 ? `, ${progress.rejected} rejected` : ''
      terminal.progress(`${progress.records} ${what} (${percent} %)${bad}`)
    },
  }
}

function rejectedText(path: string, { line, error }: RejectedLine): string {
  return `${path}:${line}: ${error.path}: ${error.message}`
}
