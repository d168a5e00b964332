/** The demo's results as text: tables, and a sentence that says what they show. */
import pg from 'pg'
import { tableText } from '../cli/table.ts'
import type { BridgeShown } from './bridge.ts'
import type { Answers } from './demo.ts'
import { explainInWords } from './explain.ts'
import type { Delivered } from './memory.ts'
import type { OrdersShown } from './orders.ts'
import type { SyncShown } from './sync.ts'

interface View {
  title: string
  columns: string[]
  sql: string
}

/** Monitoring views, read as somebody would in the SQL editor. */
const VIEWS: readonly View[] = [
  {
    title: 'Channels (crm.channel_overview)',
    columns: ['channel', 'account', 'contacts', 'conversations', 'messages', 'events', 'dead letters'],
    sql: `select channel, display_name, contacts, conversations, messages, events, dead_letters
          from crm.channel_overview where workspace_id = $1 order by channel, display_name`,
  },
  {
    title: 'Inbox (crm.inbox)',
    columns: ['channel', 'person', 'unread', 'at (UTC)', 'from', 'last message'],
    sql: `select channel, coalesce(full_name, '(no name)'), unread_count, to_char(last_message_at at time zone 'UTC', 'HH24:MI:SS'),
            last_direction, case when last_is_unsent then '(unsent)' else left(coalesce(last_body, '(attachment)'), 40) end
          from crm.inbox where workspace_id = $1 order by last_message_at desc nulls last limit 20`,
  },
  {
    title: 'Dead letters (crm.dead_letter_summary)',
    columns: ['account', 'reason', 'where', 'items'],
    sql: `select account_external_id, left(reason, 60), left(path, 40), dead_letters from crm.dead_letter_summary
          where workspace_id = $1 or workspace_id is null order by channel, account_external_id, reason, path`,
  },
]

/** What became of the webhooks: the HTTP answers, and what each view says now. */
export async function webhookText(dbUrl: string, workspaceId: string, answers: readonly Answers[]): Promise<string> {
  const client = new pg.Client({ connectionString: dbUrl })
  await client.connect()
  try {
    const parts = [
      tableText(
        'HTTP answers',
        ['channel', 'requests', 'statuses', 'received', 'duplicates', 'failed'],
        answers.map((one) => [one.channel, one.requests, statuses(one), one.received, one.duplicates, one.failed]),
      ),
    ]
    for (const view of VIEWS) {
      const { rows } = await client.query({ text: view.sql, values: [workspaceId], rowMode: 'array' })
      parts.push(tableText(view.title, view.columns, rows))
    }
    return parts.join('\n\n')
  } finally {
    await client.end()
  }
}

/** The same people heard of in two orders: what the contacts were after each step, and who they are in the end. */
export function ordersText({ steps, people, areSame }: OrdersShown, { isFirst, changed }: Delivered<unknown>): string {
  const sides = areSame ? people.slice(0, 1) : people
  return [
    ...(isFirst
      ? [
          tableText(
            'Contacts after each export',
            ['workspace', 'after the', 'stubs', 'full', 'upgraded'],
            steps.map((step) => [step.workspace, step.after, step.stubs, step.full, step.upgraded]),
          ),
        ]
      : []),
    ...sides.map((side) =>
      tableText(
        areSame ? 'People of each of the two workspaces' : `People of ${side.workspace}`,
        ['name', 'phone', 'e-mail', 'city', 'conversations'],
        side.people.map((person) => [person.name, person.phone, person.email, person.city, person.conversations]),
      ),
    ),
    verdict(
      changed,
      areSame ? [] : ['the two orders end with different people'],
      'Both orders end with the same people.',
    ),
  ].join('\n\n')
}

/** Two stubs that a third chat bridges, and why they are one contact. */
export function bridgeText(
  { steps, explanation, problems }: BridgeShown,
  { isFirst, changed }: Delivered<unknown>,
): string {
  return [
    ...(isFirst
      ? [
          tableText(
            'Contacts after each chat',
            ['what arrives', 'contacts after it'],
            steps.map(({ chat, contacts }) => [chat, contacts]),
          ),
        ]
      : []),
    [
      `Why ${nameOf(explanation)} is one contact (crm.explain_contact)`,
      ...explainInWords(explanation).map((line) => `  ${line}`),
    ].join('\n'),
    verdict(changed, problems, 'Two chats of one person met by a phone number: the two stubs are one contact.'),
  ].join('\n\n')
}

/** The sync of a whole page: what the views said while it ran and afterwards, and whether the page is there. */
export function syncText({ looks, run, stored, problems }: SyncShown, { changed }: Delivered<unknown>): string {
  const { conversations, contacts, messages } = stored
  return [
    ...(looks.length > 0
      ? [
          tableText(
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
    tableText(
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
    run.status === 'paused'
      ? 'The run waits for its rate limit: the page is not compared.'
      : verdict(
          changed,
          problems,
          `All ${conversations} conversations of the page are there once, with ${contacts} contacts and ${messages} messages.`,
        ),
  ].join('\n\n')
}

/** What somebody has changed is not judged. */
function verdict(changed: readonly string[], problems: readonly string[], well: string): string {
  if (changed.length > 0) return `Not compared: ${changed.join(' and ')} changed since the demo made it.`
  return problems.length === 0 ? well : `That is a defect: ${problems.join('; ')}.`
}

function nameOf({ fields }: BridgeShown['explanation']): string {
  const name = fields.full_name?.value
  return typeof name === 'string' ? name : 'this person'
}

function statuses({ statuses: all }: Answers): string {
  return Object.entries(all)
    .map(([status, times]) => `${status} × ${times}`)
    .join(', ')
}
