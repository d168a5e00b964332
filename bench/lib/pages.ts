/** Pages of conversations as the Graph API's history brings them, for our side and for the bare one. */
import { randomUUID } from 'node:crypto'
import type { MessageEvent, Participant, ProviderTime } from '../../src/contract/inbound.ts'
import type { Account } from './account.ts'

const ITEMS = 200
const MESSAGES_EACH = 10
const BASE_TIME = Date.UTC(2025, 10, 20, 9)

/** How the times of messages are written: like Graph's, or as milliseconds. */
export type TimeFormat = 'iso' | 'milliseconds'

export interface PageItem {
  thread_id: string
  updated_at: string
  participant: Participant & { full_name: string }
  events: (MessageEvent & { text: string })[]
}

/** The page of that number: 200 new conversations of 10 messages, half of them ours. The same number gives the same page. */
export function pageOf(account: Account, page: number, format: TimeFormat): PageItem[] {
  return Array.from({ length: ITEMS }, (_, i) => {
    const name = `${page}x${i}`
    return {
      thread_id: `t_${name}`,
      updated_at: graphTime(BASE_TIME + 3_600_000),
      participant: {
        full_name: `Persona ${name}`,
        identities: [{ kind: 'psid', scope: account.externalId, value: `73000${page}x${i}` }],
      },
      events: Array.from({ length: MESSAGES_EACH }, (_, e) => message(name, e, format)),
    }
  })
}

function message(name: string, e: number, format: TimeFormat): PageItem['events'][number] {
  const time = BASE_TIME + e * 60_000
  return {
    type: 'message',
    direction: e % 2 ? 'outbound' : 'inbound',
    provider_message_id: `m_${name}_${e}`,
    occurred_at: format === 'iso' ? graphTime(time) : time,
    text: `Hola, quiero cotizar un servicio ${e}`,
  }
}

/** `2025-11-20T10:00:00+0000` */
function graphTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}+0000`
}

/** The barest SQL that leaves the same rows: ids and everything else come ready from the client. */
export const BARE_PAGE = `with contact as (
  insert into crm.contacts (workspace_id, id, full_name, sync_source, needs_full_sync, last_sync_at, field_sources)
  select $1, c.id, c.name, 'chat_embedded', true, now(), c.sources
  from unnest($3::uuid[], $4::text[], $5::jsonb[]) c (id, name, sources)
), identity as (
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
  select $1, 'psid', $6, i.value, i.id, 'chat_embedded', 'created', i.delivery
  from unnest($3::uuid[], $7::text[], $8::text[]) i (id, value, delivery)
), conversation as (
  insert into crm.conversations (workspace_id, id, channel_account_id, contact_id, unread_count, last_message_at, last_inbound_at,
    source_updated_at)
  select $1, v.id, $2, v.contact, v.unread, v.last, v.last_inbound, v.updated
  from unnest($9::uuid[], $3::uuid[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[])
    v (id, contact, unread, last, last_inbound, updated)
), key as (
  insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
  select $1, $2, k.kind, k.value, k.id from unnest($14::text[], $15::text[], $16::uuid[]) k (kind, value, id)
), message as (
  insert into crm.messages (workspace_id, id, channel_account_id, conversation_id, provider_message_id, direction, body, status,
    sent_at)
  select $1, m.id, $2, m.conversation, m.mid, m.direction, m.body, m.status, m.at
  from unnest($17::uuid[], $18::uuid[], $19::text[], $20::text[], $21::text[], $22::text[], $23::timestamptz[])
    m (id, conversation, mid, direction, body, status, at)
)
insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
  provider_message_id, event_type, event_key, occurred_at)
select $1, $2, e.conversation, e.contact, e.id, e.mid, 'message', 'message:' || e.mid, e.at
from unnest($18::uuid[], $24::uuid[], $17::uuid[], $19::text[], $23::timestamptz[]) e (conversation, contact, id, mid, at)`

/** The values of `BARE_PAGE`, arrays already written as Postgres reads them: the client's work is not what is measured. */
export function barePageValues(account: Account, items: readonly PageItem[]): string[] {
  const people = items.map((item) => ({
    item,
    contact: randomUUID(),
    conversation: randomUUID(),
    ...deliveryOf(account, item),
  }))
  const messages = people.flatMap(({ item, contact, conversation }) =>
    item.events.map((event) => ({ event, id: randomUUID(), contact, conversation })),
  )
  const keys = people.flatMap(({ item, conversation }) => [
    { kind: 'thread', value: item.thread_id, conversation },
    { kind: 'participant', value: `psid:${psidOf(item)}`, conversation },
  ])
  const times = people.map(({ item }) => item.events.map((event) => millis(event.occurred_at)))
  const inbound = people.map(({ item }) => item.events.filter((event) => event.direction === 'inbound'))
  return [
    account.workspaceId,
    account.id,
    literal(people.map((one) => one.contact)),
    literal(people.map(({ item }) => item.participant.full_name)),
    literal(people.map((one) => JSON.stringify({ full_name: one.source }))),
    account.externalId,
    literal(people.map(({ item }) => psidOf(item))),
    literal(people.map((one) => one.delivery)),
    literal(people.map((one) => one.conversation)),
    literal(inbound.map((events) => String(events.length))),
    literal(times.map(latest)),
    literal(inbound.map((events) => latest(events.map((event) => millis(event.occurred_at))))),
    literal(people.map(({ item }) => item.updated_at)),
    literal(keys.map((key) => key.kind)),
    literal(keys.map((key) => key.value)),
    literal(keys.map((key) => key.conversation)),
    literal(messages.map((one) => one.id)),
    literal(messages.map((one) => one.conversation)),
    literal(messages.map(({ event }) => event.provider_message_id)),
    literal(messages.map(({ event }) => event.direction)),
    literal(messages.map(({ event }) => event.text)),
    literal(messages.map(({ event }) => (event.direction === 'inbound' ? null : 'sent'))),
    literal(messages.map(({ event }) => new Date(millis(event.occurred_at)).toISOString())),
    literal(messages.map((one) => one.contact)),
  ]
}

/** From which delivery a person's name came, as the database writes it: the first of the item's events in the order of their keys. */
function deliveryOf(account: Account, item: PageItem): { delivery: string; source: Record<string, string> } {
  const [first = ''] = item.events.map((event) => event.provider_message_id).sort()
  const delivery = `${account.channel}:${account.externalId}:message:${first}`
  const at = new Date(item.updated_at).toISOString().replace('.000Z', '+00:00')
  return { delivery, source: { at, source: 'chat_embedded', delivery } }
}

function psidOf(item: PageItem): string {
  return item.participant.identities[0]?.value ?? ''
}

function millis(time: ProviderTime): number {
  return typeof time === 'number' ? time : Date.parse(time)
}

function latest(times: readonly number[]): string {
  return new Date(Math.max(...times)).toISOString()
}

/** A Postgres array. */
export function literal(values: readonly (string | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'null' : `"${value.replace(/["\\]/g, '\\$&')}"`))
  return `{${quoted.join(',')}}`
}
