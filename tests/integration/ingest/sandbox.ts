import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { z } from 'zod'
import type { Channel } from '../../../src/contract/channels.ts'
import type { InboundItem } from '../../../src/contract/inbound.ts'

/** An account of a test's own workspace. */
export interface Account {
  id: string
  channel: Channel
  externalId: string
}

export interface Sandbox {
  workspaceId: string
  accounts: Account[]
}

const id = z.tuple([z.object({ id: z.string() })]).transform(([row]) => row.id)

/** A new workspace with these accounts, as `[channel, external id]`. */
export async function createSandbox(
  database: pg.Pool | pg.ClientBase,
  accounts: readonly (readonly [Channel, string])[],
): Promise<Sandbox> {
  const slug = `sandbox-${randomUUID()}`
  const created = await database.query('select crm.create_workspace($1, $1, $2) as id', [slug, 'CO'])
  const sandbox: Sandbox = { workspaceId: id.parse(created.rows), accounts: [] }
  for (const [channel, externalId] of accounts) {
    const connected = await database.query('select crm.connect_channel($1, $2, $3, $3) as id', [
      sandbox.workspaceId,
      channel,
      externalId,
    ])
    sandbox.accounts.push({ id: id.parse(connected.rows), channel, externalId })
  }
  return sandbox
}

/** An external id that no other test uses. */
export function freshId(prefix: string): string {
  return `${prefix}-${randomUUID()}`
}

const counts = z.tuple([z.object({ received: z.number(), duplicates: z.number(), failed: z.number() })])

/** Delivers items as a webhook does. */
export async function ingestWebhook(
  database: pg.Pool | pg.ClientBase,
  account: Account,
  items: readonly InboundItem[],
): Promise<{ received: number; duplicates: number; failed: number }> {
  const { rows } = await database.query({
    name: 'ingest_webhook',
    text: 'select received, duplicates, failed from crm.ingest_webhook($1, $2, $3)',
    values: [account.channel, account.externalId, JSON.stringify(items)],
  })
  return counts.parse(rows)[0]
}

const outcomes = z.array(
  z.object({ conversation_id: z.string().nullable(), contact_id: z.string().nullable(), error: z.unknown() }),
)

/** Delivers items as a page does; returns what became of each. */
export async function ingestPage(
  database: pg.Pool | pg.ClientBase,
  account: Account,
  items: readonly InboundItem[],
): Promise<z.infer<typeof outcomes>> {
  const { rows } = await database.query({
    name: 'ingest_page',
    text: 'select conversation_id, contact_id, error from crm.bulk_upsert_conversations_with_events($1, $2)',
    values: [account.id, JSON.stringify(items)],
  })
  return outcomes.parse(rows)
}

const totals = z.tuple([
  z.object({ contacts: z.number(), conversations: z.number(), messages: z.number(), events: z.number() }),
])

/** How many rows the workspace has; contacts that were merged away don't count. */
export async function countRows(
  database: pg.Pool | pg.ClientBase,
  workspaceId: string,
): Promise<z.infer<typeof totals>[0]> {
  const { rows } = await database.query(
    `select
      (select count(*)::int from crm.contacts where workspace_id = $1 and merged_into_id is null) as contacts,
      (select count(*)::int from crm.conversations where workspace_id = $1) as conversations,
      (select count(*)::int from crm.messages where workspace_id = $1) as messages,
      (select count(*)::int from crm.contact_interaction_events where workspace_id = $1) as events`,
    [workspaceId],
  )
  return totals.parse(rows)[0]
}

/** Something a test needs is there: returns it, and throws where it isn't. */
export function given<T>(value: T | undefined | null, what = 'value'): T {
  if (value === undefined || value === null) throw new Error(`The test has no ${what}.`)
  return value
}
