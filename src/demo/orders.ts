import pg from 'pg'
import { z } from 'zod'
import type { RawEntity } from '../crm/b2chat.ts'
import type { CrmClient } from '../crm/client.ts'
import type { Stack } from '../local/stack.ts'
import { demoClient } from './demo.ts'
import { readRecordings } from './recordings.ts'

/** The two workspaces, and the order in which each hears of the same people. */
const ORDERS: readonly { slug: string; name: string; order: readonly RawEntity[] }[] = [
  { slug: 'demo-chats-first', name: 'Chats first', order: ['chats', 'contacts'] },
  { slug: 'demo-contacts-first', name: 'Contacts first', order: ['contacts', 'chats'] },
]

export const ORDER_WORKSPACES: readonly string[] = ORDERS.map(({ slug }) => slug)

/** What a workspace's contacts were after one export. */
export interface OrderStep {
  workspace: string
  after: RawEntity
  /** Contacts by `sync_source`. */
  stubs: number
  full: number
  upgraded: number
}

export interface Person {
  name: string
  phone: string
  email: string
  city: string
  conversations: number
}

export interface OrdersShown {
  steps: OrderStep[]
  /** The people of each workspace, without what may differ: ids, times, and how each came to be full. */
  people: { workspace: string; people: Person[] }[]
  /** Whether both workspaces have the same people. */
  areSame: boolean
}

/**
 * Brings the recorded B2Chat exports into two workspaces, chats first into one and contacts first into the other, and reads what
 * the contacts are after each step. Repeating it changes nothing.
 */
export async function syncInBothOrders(stack: Stack): Promise<OrdersShown> {
  const { b2chat: exported } = await readRecordings()
  const crm = demoClient(stack)
  const database = new pg.Client({ connectionString: stack.dbUrl })
  await database.connect()
  try {
    const shown: OrdersShown = { steps: [], people: [], areSame: true }
    for (const { slug, name, order } of ORDERS) {
      const workspaceId = await crm.createWorkspace({ slug, name, defaultCountry: 'CO' })
      const channelAccountId = await crm.connectChannel({
        workspaceId,
        channel: 'b2chat',
        externalId: `${slug}-merchant`,
        displayName: 'Demo merchant',
      })
      for (const entity of order) {
        await bringRecords(crm, channelAccountId, entity, exported[entity])
        shown.steps.push({ workspace: slug, after: entity, ...(await sourcesOf(database, workspaceId)) })
      }
      shown.people.push({ workspace: slug, people: await peopleOf(database, workspaceId) })
    }
    const [first, ...others] = shown.people.map(({ people }) => JSON.stringify(people))
    shown.areSame = others.every((other) => other === first)
    return shown
  } finally {
    await database.end()
  }
}

/** Lands records of a B2Chat export and turns them into contacts or conversations. */
export async function bringRecords(
  crm: CrmClient,
  channelAccountId: string,
  entity: RawEntity,
  records: Record<string, unknown>[],
): Promise<void> {
  await crm.landRawRecords({ channelAccountId, entity, records })
  for (;;) {
    const { processed } = await (entity === 'contacts' ? crm.transformRawContacts() : crm.transformRawChats())
    if (processed === 0) return
  }
}

const sourcesSchema = z.tuple([z.object({ stubs: z.number(), full: z.number(), upgraded: z.number() })])

async function sourcesOf(database: pg.Client, workspaceId: string): Promise<Omit<OrderStep, 'workspace' | 'after'>> {
  const { rows } = await database.query(
    `select count(*) filter (where sync_source = 'chat_embedded')::int as stubs, count(*) filter (where sync_source = 'contacts_api')::int as full,
       count(*) filter (where sync_source = 'upgraded')::int as upgraded
     from crm.contacts where workspace_id = $1 and merged_into_id is null`,
    [workspaceId],
  )
  return sourcesSchema.parse(rows)[0]
}

const peopleSchema = z.array(
  z.object({ name: z.string(), phone: z.string(), email: z.string(), city: z.string(), conversations: z.number() }),
)

async function peopleOf(database: pg.Client, workspaceId: string): Promise<Person[]> {
  const { rows } = await database.query(
    `select coalesce(c.full_name, '(no name)') as name, coalesce(c.phone_normalized, '') as phone, coalesce(c.email, '') as email,
       coalesce(c.city, '') as city, count(v.id)::int as conversations
     from crm.contacts c
     left join crm.conversations v on v.workspace_id = c.workspace_id and v.contact_id = c.id
     where c.workspace_id = $1 and c.merged_into_id is null
     group by c.workspace_id, c.id
     union all
     select 'no contact: ' || coalesce(v.metadata #>> '{participant,full_name}', '?'), '', '', '', 1
     from crm.conversations v where v.workspace_id = $1 and v.contact_id is null
     order by 1, 2, 3`,
    [workspaceId],
  )
  return peopleSchema.parse(rows)
}
