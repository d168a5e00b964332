import Table from 'cli-table3'
import pg from 'pg'
import type { Answers } from './demo.ts'
import type { OrdersShown } from './orders.ts'
import type { SyncShown } from './sync.ts'

interface View {
  title: string
  columns: string[]
  sql: string
}

/** What the tables show: monitoring views, read as somebody would in the SQL editor. */
const VIEWS: readonly View[] = [
  {
    title: 'Channels (crm.channel_overview)',
    columns: ['channel', 'account', 'contacts', 'conversations', 'messages', 'events', 'dead letters', 'last event'],
    sql: `select channel, display_name, contacts, conversations, messages, events, dead_letters, to_char(last_event_at, 'YYYY-MM-DD HH24:MI:SS')
          from crm.channel_overview where workspace_id = $1 order by channel, display_name`,
  },
  {
    title: 'Inbox (crm.inbox)',
    columns: ['channel', 'person', 'status', 'unread', 'last message', 'from', 'what', 'delivery'],
    sql: `select channel, coalesce(full_name, '(no name)'), status, unread_count, to_char(last_message_at, 'HH24:MI:SS'), last_direction,
            case when last_is_unsent then '(unsent)' else left(coalesce(last_body, '(attachment)'), 40) end, last_status
          from crm.inbox where workspace_id = $1 order by last_message_at desc nulls last limit 20`,
  },
  {
    title: 'Contacts (crm.contact_sync_overview)',
    columns: ['source', 'contacts', 'waiting for a full sync'],
    sql: `select sync_source, contacts, needing_full_sync from crm.contact_sync_overview where workspace_id = $1 order by sync_source`,
  },
  {
    title: 'Dead letters (crm.dead_letter_summary)',
    columns: ['channel', 'account', 'reason', 'where', 'items'],
    sql: `select channel, account_external_id, left(reason, 60), left(path, 40), dead_letters from crm.dead_letter_summary
          where workspace_id = $1 or workspace_id is null order by channel, account_external_id, reason, path`,
  },
]

/** What became of the webhooks, as text: a table of the HTTP answers and one of each monitoring view. */
export async function demoTables(dbUrl: string, workspaceId: string, answers: readonly Answers[]): Promise<string> {
  const client = new pg.Client({ connectionString: dbUrl })
  await client.connect()
  try {
    const parts = [
      table(
        'HTTP answers',
        ['channel', 'requests', 'statuses', 'received', 'duplicates', 'failed'],
        answers.map((one) => [one.channel, one.requests, statuses(one), one.received, one.duplicates, one.failed]),
      ),
    ]
    for (const view of VIEWS) {
      const { rows } = await client.query<unknown[]>({ text: view.sql, values: [workspaceId], rowMode: 'array' })
      parts.push(table(view.title, view.columns, rows))
    }
    return parts.join('\n\n')
  } finally {
    await client.end()
  }
}

/** The same people heard of in two orders, as text: what the contacts were after each step, and who they are in the end. */
export function ordersTables({ steps, people, areSame }: OrdersShown): string {
  return [
    table(
      'One export of chats and one of contacts, in both orders',
      ['workspace', 'after the', 'stubs', 'full', 'upgraded'],
      steps.map((step) => [step.workspace, step.after, step.stubs, step.full, step.upgraded]),
    ),
    ...people.map((one) =>
      table(
        `People of ${one.workspace}`,
        ['name', 'phone', 'e-mail', 'city', 'conversations'],
        one.people.map((person) => [person.name, person.phone, person.email, person.city, person.conversations]),
      ),
    ),
    areSame ? 'Both orders end with the same people.' : 'The two orders end with different people: that is a defect.',
  ].join('\n\n')
}

/** The sync of a whole page, as text: what the views said while it ran and afterwards, and whether the page is there. */
export function syncTables({ looks, run, statistics, stored, problems }: SyncShown): string {
  const { conversations, contacts, messages } = stored
  return [
    ...(looks.length > 0
      ? [
          table(
            'While it ran (crm.active_syncs)',
            ['when', 'status', 'pages', 'items', 'of about', 'percent', 'lease left'],
            looks.map((one) => [
              one.when,
              one.status,
              one.pages,
              one.items,
              one.total,
              one.progress,
              one.leaseLeft ?? 'none: nobody works on it',
            ]),
          ),
        ]
      : []),
    table(
      'The newest run (crm.sync_runs)',
      ['mode', 'status', 'resumed', 'pages', 'items', 'created', 'updated', 'unchanged', 'failed', 'rejected'],
      [
        [
          run.mode,
          run.status,
          run.resumed ? 'yes' : 'no',
          run.pages,
          run.items,
          run.created,
          run.updated,
          run.unchanged,
          run.failed,
          run.rejected,
        ],
      ],
    ),
    table(
      'Statistics (crm.sync_statistics)',
      [
        'day (UTC)',
        'runs',
        'completed',
        'failed',
        '% completed',
        'average',
        'items',
        'created',
        'updated',
        'unchanged',
      ],
      statistics.map((one) => [
        one.day,
        one.runs,
        one.completed,
        one.failed,
        one.rate,
        one.averageDuration,
        one.items,
        one.created,
        one.updated,
        one.unchanged,
      ]),
    ),
    problems.length === 0
      ? `All ${conversations} conversations of the page are there once, with ${contacts} contacts and ${messages} messages.`
      : `The page is not there as it should be: ${problems.join('; ')}. That is a defect.`,
  ].join('\n\n')
}

function statuses({ statuses: all }: Answers): string {
  return Object.entries(all)
    .map(([status, times]) => `${status} × ${times}`)
    .join(', ')
}

function table(title: string, head: string[], rows: readonly (readonly unknown[])[]): string {
  if (!rows.length) return `${title}\n(nothing)`
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const row of rows) drawn.push(row.map((cell) => (cell === null ? '' : String(cell))))
  return `${title}\n${drawn.toString()}`
}
