import { ONEFOLD } from '../command-name.ts'
import type { ExitCode } from '../exit-codes.ts'
import { printable, tableText, timeText } from '../table.ts'
import type { Failure } from './call.ts'
import type { FollowEnd } from './follow.ts'
import type { Counts } from './job.ts'

/** What `--json` prints. The names are part of the command's interface. */
export interface SyncSummary {
  /** The account, as it was given. */
  sync: string
  status: FollowEnd['status']
  exit_code: ExitCode
  /** The run, where one is known: what `--resume` takes. */
  session: string | null
  mode: 'full' | 'incremental' | null
  has_more: boolean
  /** When the provider allows requests again; null when it does not say. */
  resume_at: string | null
  /** Answers of the function to this command. */
  calls: number
  /** What became of the whole run, by what was read. */
  counts: Record<string, Counts>
  total_estimate: number | null
  /** Who has the lock, and until when at least, when the status is locked. */
  held_by: string | null
  expires_at: string | null
  error: Failure | null
}

export function syncSummary(sync: string, exitCode: ExitCode, end: FollowEnd): SyncSummary {
  const { status, runId, last, calls, held, failure } = end
  return {
    sync,
    status,
    exit_code: exitCode,
    session: runId,
    mode: last?.mode ?? null,
    // True until an answer says that nothing is left.
    has_more: last?.hasMore ?? true,
    resume_at: last?.resumeAt == null ? null : new Date(last.resumeAt).toISOString(),
    calls,
    counts: last?.counts ?? {},
    total_estimate: last?.total ?? null,
    held_by: held?.by ?? null,
    expires_at: held?.until ?? null,
    error: failure,
  }
}

/** The same for a person. */
export function syncText(summary: SyncSummary): string {
  const { sync, mode, error } = summary
  const lines = [`${headline(summary)}: ${sync}${mode === null ? '' : `, ${mode}`}`]
  lines.push(...countsText(summary))
  if (error) lines.push(`  ${printable(`${error.message} (${error.code})`)}`)
  if (error?.hint) lines.push(`  ${printable(error.hint)}`)
  if (summary.exit_code === 1)
    lines.push(`  What failed or was rejected is a dead letter: \`${ONEFOLD} status\` says why.`)
  lines.push(...whatNow(summary))
  return lines.join('\n')
}

function headline({ status, held_by }: SyncSummary): string {
  switch (status) {
    case 'done':
      return 'Done'
    case 'waiting':
      return 'Paused by the provider’s limits'
    case 'locked':
      return `Another run is at work (${printable(held_by ?? 'of an unknown holder')})`
    case 'refused':
      return 'Refused'
    case 'stopped':
      return 'Stopped'
    case 'interrupted':
      return 'Interrupted'
  }
}

function countsText({ counts }: SyncSummary): string[] {
  const rows = Object.entries(counts)
  const [first] = rows
  if (!first) return []
  const names = Object.keys(first[1])
  const cells = rows.map(([what, of]) => [what, ...names.map((name) => of[name] ?? 0)])
  return [tableText('', ['', ...names], cells).trimStart()]
}

function whatNow({ sync, status, session, resume_at, expires_at }: SyncSummary): string[] {
  const again = `${ONEFOLD} sync --account ${sync}${session === null ? '' : ` --resume ${session}`}`
  switch (status) {
    case 'waiting':
      return [`  It resumes at ${resume_at === null ? 'a later time' : `${timeText(resume_at)} UTC`}: ${again}`]
    case 'locked':
      return [
        `  Its lease ends at ${expires_at === null ? 'an unknown time' : `${timeText(expires_at)} UTC`}, unless it stores more; \`${ONEFOLD} status\` says how far it is.`,
      ]
    case 'interrupted':
      return [
        '  What is stored stays. If the function is at work, it finishes its stretch, in two minutes at most, and the run is then paused.',
        `  Resume it with: ${again}`,
      ]
    case 'stopped':
      return [`  What is stored stays. Resume it with: ${again}`]
    default:
      return []
  }
}
