import { type ActiveSync, type Check, type DeadLetters, SEVERITIES, type Status, type SyncDay } from './monitoring.ts'
import { type Cell, printable, tableText, timeText } from './table.ts'

/** The status for a person. */
export function statusText({ ok, versions, problems, running, since, statistics, dead_letters }: Status): string {
  const parts = [
    ok ? 'Nothing is wrong.' : problemsText(problems),
    tableText('Under way', RUNNING, running.map(runningRow)),
    tableText(`By day, since ${since} (UTC)`, DAYS, statistics.map(dayRow)),
    tableText('Open dead letters', LETTERS, dead_letters.map(lettersRow)),
    `Schema ${versions.database}, client ${versions.client}`,
  ]
  return parts.join('\n\n')
}

/** The problems, the worst first, and once per check what to do. */
function problemsText(problems: readonly Check[]): string {
  const sorted = problems.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
  const remedies = new Set(sorted.map(({ check, title, remedy }) => printable(`${check}: ${title}. ${remedy}`)))
  const head = ['severity', 'check', 'account', 'what was found']
  return `${tableText('What is wrong', head, sorted.map(problemRow))}\n\nWhat to do\n${[...remedies].join('\n')}`
}

function problemRow({ severity, check, subject, detail }: Check): Cell[] {
  return [severity, check, subject, detailText(detail)]
}

/** `{a: [1, 2], b: null, c: 'x'}` as `a: 1, 2; c: x`. */
function detailText(detail: Check['detail']): string {
  return Object.entries(detail ?? {})
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${valueText(value)}`)
    .join('; ')
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const RUNNING = ['resource', 'mode', 'status', 'items', 'progress', 'items/min', 'ends (UTC)', 'lease left', 'by']
function runningRow(run: ActiveSync): Cell[] {
  const status = run.status === 'running' && run.lease_left === null ? 'running, lease over' : run.status
  const pause = run.resume_at === null ? '' : ` until ${timeText(run.resume_at)}`
  return [
    run.resource,
    run.mode,
    `${status}${pause}`,
    run.total_estimate === null ? run.items : `${run.items} of ${run.total_estimate}`,
    run.progress === null ? null : `${run.progress} %`,
    run.items_per_minute,
    run.estimated_end === null ? null : timeText(run.estimated_end),
    // Postgres' own text of an interval, without fractions of a second.
    run.lease_left?.replace(/\.\d+$/, '') ?? null,
    run.holder,
  ]
}

const DAYS = [
  'day',
  'resource',
  'runs',
  'completed',
  'failed',
  'items',
  'created',
  'updated',
  'failed items',
  'rejected',
  'errors',
]
function dayRow(day: SyncDay): Cell[] {
  const errors = Object.entries(day.errors).map(([code, times]) => `${code} × ${times}`)
  return [
    day.day,
    day.resource,
    day.runs,
    day.completed,
    day.failed,
    day.items,
    day.created,
    day.updated,
    day.failed_items,
    day.rejected,
    errors.join(', '),
  ]
}

const LETTERS = ['account', 'reason', 'where', 'letters', 'first (UTC)', 'last (UTC)', 'can be replayed']
function lettersRow(of: DeadLetters): Cell[] {
  return [
    `${of.channel}:${of.account_external_id}`,
    of.reason,
    of.path,
    of.dead_letters,
    timeText(of.first_at),
    timeText(of.last_at),
    of.can_be_replayed ? 'yes' : 'no',
  ]
}
