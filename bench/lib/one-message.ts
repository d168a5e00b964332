/** The statement that a benchmark of single messages sends, for both sides, and the values of its n-th message. */

import { parseMessengerWebhook } from '../../src/channels/messenger/parse.ts'
import { parseWhatsappWebhook } from '../../src/channels/whatsapp/parse.ts'
import type { InboundItem } from '../../src/contract/inbound.ts'
import type { Account } from './account.ts'

export type Side = 'ours' | 'bare'

/** Which conversation the n-th message is for: any, each in its turn (so that none meets another), or always the same. */
export type Choice = 'random' | 'distinct' | 'same'

/** Plain data, so that it can be handed to another thread. */
export interface MessageStream {
  side: Side
  account: Account
  /** Message ids start with it: different streams into one account need different ones. */
  prefix: string
  choice: Choice
  /** The participants' numbers. */
  people: number[]
  /** Their conversations, in the same order; the bare side is told what ours has to find out. */
  conversations: string[]
}

const BASE_TIME = Date.UTC(2025, 10, 20, 10)

/** What our side calls: the caller of a webhook needs to know what went wrong, and nothing else. */
const OURS = 'select error from crm.bulk_upsert_conversations_with_events($1, $2)'

const BARE_EVENT = `insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id,
  message_id, provider_message_id, event_type, event_key, occurred_at)
select $1, $2, $3, v.contact_id, m.id, $4, 'message', 'message:' || $4, $5 from conversation v, message m`

const BARE_MESSAGE = `with conversation as (
  update crm.conversations v set last_message_at = greatest(v.last_message_at, $5),
    last_inbound_at = greatest(v.last_inbound_at, $5), unread_count = v.unread_count + 1
  where v.workspace_id = $1 and v.id = $3
  returning v.contact_id
), message as (
  insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body, sent_at,
    payload)
  values ($1, $2, $3, $4, 'inbound', $6, $5, $7)
  returning id
)`

/** The barest SQL that leaves the same rows. A WhatsApp message also tells the person's name, and the contact notes when it last did. */
const BARE: Record<Account['channel'], string> = {
  messenger: `${BARE_MESSAGE} ${BARE_EVENT}`,
  whatsapp: `${BARE_MESSAGE}, contact as (
  update crm.contacts c set field_sources = $8, last_sync_at = clock_timestamp() from conversation v where c.workspace_id = $1 and c.id = v.contact_id
) ${BARE_EVENT}`,
}

export function statementOf({ side, account }: MessageStream): { name: string; text: string } {
  return side === 'ours'
    ? { name: 'ours', text: OURS }
    : { name: `bare ${account.channel}`, text: BARE[account.channel] }
}

/** A function that gives the values of the n-th message. It only joins strings, so that it costs next to nothing. */
export function valuesOf(stream: MessageStream): (n: number) => unknown[] {
  const { side, account, prefix, choice, people, conversations } = stream
  const place = places(choice, people.length)
  const messageId = (n: number): string => `${prefix}${spread(n).toString(16).padStart(8, '0')}_${n}`
  const body = (n: number): string => `Hola, quiero cotizar un servicio ${n}`
  if (side === 'bare') {
    const payload = payloadOf(account)
    const shared = (n: number): unknown[] => [
      account.workspaceId,
      account.id,
      conversations[place(n)],
      messageId(n),
      new Date(timeOf(account, n)).toISOString(),
      body(n),
      payload,
    ]
    if (account.channel === 'messenger') return shared
    return (n) => [...shared(n), fieldSources(account, messageId(n), timeOf(account, n))]
  }
  const pieces = itemTemplate(account)
  return (n) => {
    const person = people[place(n)] ?? 0
    const filled = pieces.map((piece) => {
      if (piece === '@person') return personId(account, person)
      if (piece === '@number') return String(person)
      if (piece === '@message') return messageId(n)
      if (piece === '@body') return body(n)
      return piece === '@time' ? wireTime(account, n) : piece
    })
    return [account.id, filled.join('')]
  }
}

/** The provider's id of a participant. */
export function personId(account: Account, person: number): string {
  return account.channel === 'messenger' ? `73000000000${person}` : `5730${String(person).padStart(8, '0')}`
}

/** The item that made the person known: one message, a day before the stream begins. */
export function firstItem(account: Account, person: number): unknown {
  const values: Record<string, string> = {
    '@person': personId(account, person),
    '@number': String(person),
    '@message': `first_${person}`,
    '@body': 'Hola',
    '@time': wireTime(account, account.channel === 'messenger' ? -86_400_000 : -86_400),
  }
  const [item]: unknown[] = JSON.parse(
    itemTemplate(account)
      .map((piece) => values[piece] ?? piece)
      .join(''),
  )
  return item
}

function places(choice: Choice, people: number): (n: number) => number {
  if (choice === 'same') return () => 0
  return choice === 'distinct' ? (n) => n % people : (n) => spread(n + 7) % people
}

/** Spreads neighbouring numbers over 32 bits, each to another one: ids and people come in no order. */
function spread(n: number): number {
  const mixed = Math.imul(n ^ (n >>> 16), 0x45d9f3b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Milliseconds since 1970 as both sides store them; WhatsApp tells seconds. */
function timeOf(account: Account, n: number): number {
  return account.channel === 'messenger' ? BASE_TIME + n : BASE_TIME + n * 1000
}

/** Who last wrote the name that each WhatsApp message brings along. */
function fieldSources(account: Account, messageId: string, time: number): string {
  const source = {
    at: new Date(time).toISOString().replace('.000Z', '+00:00'),
    source: 'chat_embedded',
    delivery: `${account.channel}:${account.externalId}:message:${messageId}`,
  }
  return JSON.stringify({ full_name: source })
}

function wireTime(account: Account, n: number): string {
  return String(account.channel === 'messenger' ? timeOf(account, n) : timeOf(account, n) / 1000)
}

/** What the webhook's translation makes of one text message, with names in place of the message's own values. */
function translated(account: Account): InboundItem[] {
  const { channel, externalId } = account
  const body = channel === 'messenger' ? messengerWebhook(externalId) : whatsappWebhook(externalId)
  const [delivery] = channel === 'messenger' ? parseMessengerWebhook(body) : parseWhatsappWebhook(body)
  if (delivery?.items.length !== 1) throw new Error('The webhook of one message is not one item.')
  return delivery.items
}

/** The same as JSON, cut where the message's own values go. */
function itemTemplate(account: Account): string[] {
  return JSON.stringify(translated(account))
    .replace(/"occurred_at":\d+/, '"occurred_at":@time')
    .split(/(@person|@number|@message|@body|@time)/)
}

/** What the translation keeps of the message beyond its text. */
function payloadOf(account: Account): string {
  const [event] = translated(account)[0]?.events ?? []
  return JSON.stringify(event && 'payload' in event ? event.payload : {})
}

function messengerWebhook(page: string): unknown {
  const message = { mid: '@message', text: '@body' }
  const messaging = [{ sender: { id: '@person' }, recipient: { id: page }, timestamp: 1_763_700_000_999, message }]
  return { object: 'page', entry: [{ id: page, time: 1_763_700_000_999, messaging }] }
}

function whatsappWebhook(phoneNumberId: string): unknown {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '573001112233', phone_number_id: phoneNumberId },
    contacts: [{ profile: { name: 'Persona @number' }, wa_id: '@person' }],
    messages: [{ from: '@person', id: '@message', timestamp: '1763700999', type: 'text', text: { body: '@body' } }],
  }
  return { object: 'whatsapp_business_account', entry: [{ id: 'WABA', changes: [{ field: 'messages', value }] }] }
}
