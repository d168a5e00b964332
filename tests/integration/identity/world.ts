import type pg from 'pg'
import { z } from 'zod'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { type Account, createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { type Id, keyOf, type Picture, pictureOf, type Word } from './oracle.ts'

type Database = pg.Pool | pg.ClientBase

/** Where a delivery arrives: a channel account, or the contacts RPCs. */
export type Way = 'page' | 'number' | 'merchant' | 'contacts'

/**
 * One delivery: what it says of a person, and the conversation it comes in, where it comes in one. `at` is the second of its message
 * or record; without one a message has its number's second, and a record has no time.
 */
export interface Delivery extends Word {
  to: Way
  /** The message it brings, which is the same in a repeat. */
  said?: number
  /** The thread of a chat at the merchant. */
  thread?: string
  fields?: Readonly<Record<string, unknown>>
}

/** A workspace with one account of every channel. Scopes are `page`, `chats`, `contacts` and `WABA1`, whatever the accounts are called. */
export interface World {
  workspaceId: string
  /** What tells the workspace's account ids from another's. */
  mark: string
  accounts: Record<Exclude<Way, 'contacts'>, Account>
}

const TIME = 1_763_700_000_000

export async function createWorld(database: Database): Promise<World> {
  const mark = freshId('')
  const { workspaceId, accounts } = await createSandbox(database, [
    ['messenger', `page${mark}`],
    ['whatsapp', `number${mark}`],
    ['b2chat', `merchant${mark}`],
  ])
  const [page, number, merchant] = accounts
  return { workspaceId, mark, accounts: { page: given(page), number: given(number), merchant: given(merchant) } }
}

/** The delivery with the time that the source gives it. */
export function timed(delivery: Delivery): Delivery {
  const at = delivery.to === 'contacts' ? delivery.at : (delivery.at ?? delivery.said)
  return { ...delivery, ...(at === undefined ? {} : { at }) }
}

function scopeIn({ accounts }: World, scope: string): string {
  if (scope === 'page') return accounts.page.externalId
  return scope === 'chats' || scope === 'contacts' ? `${scope}:${accounts.merchant.externalId}` : scope
}

/** The identities as a delivery lists them. A page's and a merchant's own scope is left to the account. */
function listed(world: World, ids: readonly Id[], to: Way): Identity[] {
  return ids.map(({ kind, scope, value }) => {
    const isOwn = (to === 'page' && scope === 'page') || (to === 'merchant' && scope === 'chats')
    return { kind, value, ...(scope === '' || isOwn ? {} : { scope: scopeIn(world, scope) }) }
  })
}

function contactOf(world: World, { identities, previous, fields, to, at }: Delivery) {
  return {
    ...fields,
    ...(to === 'contacts' && at !== undefined ? { source_updated_at: TIME + at * 1000 } : {}),
    identities: listed(world, identities, to),
    ...(previous ? { previous_identities: listed(world, previous, to) } : {}),
  }
}

function itemOf(world: World, delivery: Delivery): InboundItem {
  const { said, thread } = delivery
  return {
    ...(thread === undefined ? {} : { thread_id: thread }),
    participant: contactOf(world, delivery),
    events:
      said === undefined
        ? []
        : [
            {
              type: 'message',
              direction: 'inbound',
              provider_message_id: `m${said}`,
              occurred_at: TIME + (delivery.at ?? said) * 1000,
              text: `texto ${said}`,
            },
          ],
  }
}

/** Delivers all of them, which go the same way and are of one source, in one call; a single one as webhooks and upserts do. */
export async function deliver(database: Database, world: World, deliveries: readonly Delivery[]): Promise<void> {
  const [first, second] = deliveries
  if (!first) return
  if (first.to !== 'contacts') {
    const account = world.accounts[first.to]
    const items = deliveries.map((delivery) => itemOf(world, delivery))
    const hasFailed = second
      ? (await ingestPage(database, account, items)).some(({ error }) => error !== null)
      : (await ingestWebhook(database, account, items)).failed > 0
    if (hasFailed) throw new Error(`A delivery failed: ${JSON.stringify(items)}`)
  } else if (second) {
    const { rows } = await database.query({
      name: 'bulk_upsert_contacts',
      text: 'select error from crm.bulk_upsert_contacts($1, $2, $3) where error is not null',
      values: [world.workspaceId, first.source, JSON.stringify(deliveries.map((each) => contactOf(world, each)))],
    })
    if (rows.length > 0) throw new Error(`A contact failed: ${JSON.stringify(rows)}`)
  } else {
    await database.query({
      name: 'upsert_contact',
      text: 'select outcome from crm.upsert_contact($1, $2, $3)',
      values: [world.workspaceId, first.source, JSON.stringify(contactOf(world, first))],
    })
  }
}

const stored = z.object({
  people: z.array(
    z.object({
      key: z.string(),
      isFull: z.boolean(),
      ids: z.array(
        z.object({
          kind: z.enum(['psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email']),
          scope: z.string(),
          value: z.string(),
          isPrevious: z.boolean(),
        }),
      ),
    }),
  ),
  candidates: z.array(z.tuple([z.string(), z.string()])),
})
type Stored = z.infer<typeof stored>

/** The contacts that were not merged away, their identities with the scopes' own names, and the open candidates. */
export async function readContacts(database: Database, world: World): Promise<Stored> {
  const { rows } = await database.query({
    name: 'read_contacts',
    text: `select
      coalesce((select jsonb_agg(jsonb_build_object('key', c.id, 'isFull', not c.needs_full_sync, 'ids', (
        select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value, 'isPrevious', i.is_previous, 'scope',
          case i.scope when $2 then 'page' when 'chats:' || $3 then 'chats' when 'contacts:' || $3 then 'contacts' else i.scope end)), '[]')
        from crm.contact_identities i where i.workspace_id = c.workspace_id and i.contact_id = c.id)))
        from crm.contacts c where c.workspace_id = $1 and c.merged_into_id is null), '[]') as people,
      coalesce((select jsonb_agg(jsonb_build_array(m.contact_a_id, m.contact_b_id))
        from crm.merge_candidates m where m.workspace_id = $1 and m.status = 'open'), '[]') as candidates`,
    values: [world.workspaceId, world.accounts.page.externalId, world.accounts.merchant.externalId],
  })
  return stored.parse(rows[0])
}

export async function picture(database: Database, world: World, without?: ReadonlySet<string>): Promise<Picture> {
  const { people, candidates } = await readContacts(database, world)
  return pictureOf(people, candidates, without)
}

/** Every identity's contact. */
export function ownersOf({ people }: Stored): Map<string, string> {
  return new Map(people.flatMap(({ key, ids }) => ids.map((id) => [keyOf(id), key] as const)))
}
