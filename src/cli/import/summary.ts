import type { ExitCode } from '../exit-codes.ts'
import { rejectedPath } from './rejected-file.ts'
import { statePath } from './state.ts'

/** What `--json` prints. The names are part of the command's interface. */
export interface ImportSummary {
  import: 'contacts' | 'messages'
  file: string
  dry_run: boolean
  status: 'done' | 'interrupted' | 'stopped'
  exit_code: ExitCode
  /** The last line that is done, by this run or the ones it goes on from; so are all counts. */
  line: number
  resumed_after_line: number
  records: number
  accepted: number
  rejected: number
  rejected_file: string | null
  /** Contacts by outcome, or events stored and known before. */
  counts: Record<string, number>
  /** Fields that the format does not know and that were left out, with how many lines had them. */
  ignored_fields: Record<string, number>
  /** Records with characters that Postgres cannot hold; they went in without those. */
  sanitized: number
  error: { code: string | null; message: string } | null
}

/** The same for a person. */
export function summaryText(summary: ImportSummary): string {
  const { file, counts, ignored_fields: ignored } = summary
  const lines = [
    `${headline(summary)}: ${summary.records} ${summary.import} read, ${summary.accepted} ${verb(summary)}, ${summary.rejected} rejected`,
  ]
  for (const [name, count] of Object.entries(counts)) lines.push(`  ${name.replaceAll('_', ' ')}: ${count}`)
  if (summary.resumed_after_line > 0)
    lines.push(`  counted with the runs before: up to line ${summary.resumed_after_line}`)
  if (summary.sanitized > 0) lines.push(`  without characters that Postgres cannot hold: ${summary.sanitized}`)
  for (const [name, count] of Object.entries(ignored)) {
    lines.push(`  unknown field left out: ${name} (${count}); --keep-unknown keeps it`)
  }
  if (summary.rejected_file) lines.push(`  the rejected lines are in ${rejectedPath(file)}`)
  if (summary.error) lines.push(`  ${summary.error.message} (${summary.error.code ?? 'no answer'})`)
  if (summary.status !== 'done' && !summary.dry_run) {
    lines.push(`  done up to line ${summary.line}; the same command goes on from there (${statePath(file)})`)
  }
  return lines.join('\n')
}

function headline({ dry_run, status }: ImportSummary): string {
  const end = { done: 'Done', interrupted: 'Interrupted', stopped: 'Stopped' }[status]
  return dry_run ? `${end}, dry run: nothing was sent or written` : end
}

function verb({ dry_run }: ImportSummary): string {
  return dry_run ? 'readable' : 'in the database'
}
