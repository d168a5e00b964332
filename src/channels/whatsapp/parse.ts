import type { AccountDelivery } from '../../contract/inbound.ts'
import { fieldsExcept, jsonPath, optionalPayload } from '../../lib/json.ts'
import { DeliveryCollector, firstProblem, malformed, type Reading, rejected } from '../deliveries.ts'
import { eventTypeFrom } from '../event-type.ts'
import { Contacts, isGroup } from './contacts.ts'
import { readHistory, readHistoryMessage } from './history.ts'
import { digits, identitiesOf, systemIdentities } from './identities.ts'
import { messageEvent, whatsappTime } from './message.ts'
import { about, checkMessage, parentId, type ValueContext } from './reading.ts'
import * as schema from './schema.ts'

/**
 * Translates a WhatsApp Cloud API webhook: one delivery per phone number id, one item per person. Pure; never throws,
 * whatever the JSON. What cannot be translated is in `rejected` with its JSON path; a body that is no WhatsApp envelope
 * is one rejection of the account ''. Each element of a known list becomes one event or one rejection (a history thread
 * without messages one item); a change of an unknown field is one rejection, of the account '' when it
 * names no phone number.
 */
export function parseWhatsappWebhook(body: unknown): AccountDelivery[] {
  const collector = new DeliveryCollector()
  const envelope = schema.envelopeSchema.safeParse(body)
  if (envelope.success) {
    envelope.data.entry.forEach((entry, i) => {
      readEntry(collector, entry, `$.entry[${i}]`)
    })
  } else {
    collector.reject('', 'unexpected_envelope', '$', body)
  }
  return collector.result()
}

function readEntry(collector: DeliveryCollector, entry: unknown, path: string): void {
  const parsed = schema.entrySchema.safeParse(entry)
  if (!parsed.success) {
    collector.translate('', entry, path, () => malformed(parsed.error))
    return
  }
  const { id, changes } = parsed.data
  if (!Array.isArray(changes)) {
    collector.reject('', 'malformed', `${path}.changes`, entry)
    return
  }
  changes.forEach((change: unknown, i) => {
    readChange(collector, id, change, `${path}.changes[${i}]`)
  })
}

function readChange(collector: DeliveryCollector, waba: string, change: unknown, path: string): void {
  // A change that names no phone number is kept in an entry of its own, so that the business account's id stays with it.
  const alone = { id: waba, changes: [change] }
  const parsed = schema.changeSchema.safeParse(change)
  if (!parsed.success) {
    collector.reject('', 'malformed', jsonPath(path, firstProblem(parsed.error)), alone)
    return
  }
  const { field, value } = parsed.data
  const owned = schema.phoneNumberValueSchema.safeParse(value)
  const account = owned.success ? owned.data.metadata.phone_number_id : ''
  if (!FIELDS.has(field)) {
    collector.reject(account, 'pending_support', path, owned.success ? change : alone)
    return
  }
  if (!owned.success) {
    collector.reject('', 'malformed', jsonPath(`${path}.value`, firstProblem(owned.error)), alone)
    return
  }
  const businessNumber = digits(owned.data.metadata.display_phone_number ?? '')
  const contacts = new Contacts(waba, value.contacts, `${path}.value.contacts`, account, collector)
  const context = { collector, account, waba, businessNumber, contacts }
  if (!readLists(context, field, value, `${path}.value`)) {
    collector.reject(account, 'nothing_to_read', path, change)
  }
}

const FIELDS: ReadonlySet<string> = new Set([
  'messages',
  'smb_message_echoes',
  'history',
  'smb_app_state_sync',
  'user_id_update',
])

type ListReader = (context: ValueContext, field: string, element: unknown, path: string) => void

/** A list is read as what it is, whichever field brought it. */
const LISTS: Record<string, ListReader> = {
  messages: one((context, field, raw) =>
    field === 'history' ? readHistoryMessage(context, raw, []) : readMessage(context, raw),
  ),
  statuses: one((context, _field, raw) => readStatus(context, raw)),
  errors: one((_context, field) => rejected(field === 'history' ? 'history_declined' : 'account_error')),
  message_echoes: one((context, _field, raw) => readEcho(context, raw)),
  history: (context, _field, raw, path) => readHistory(context, raw, path),
  state_sync: one(() => rejected('pending_support')),
  user_id_update: one((context, _field, raw) => readUserIdUpdate(context, raw)),
}

function one(read: (context: ValueContext, field: string, raw: unknown) => Reading): ListReader {
  return (context, field, element, path) => {
    context.collector.translate(context.account, element, path, (raw) => read(context, field, raw))
  }
}

/** Reads every known list of a value. False when there was nothing in any of them. */
function readLists(context: ValueContext, field: string, value: Record<string, unknown>, path: string): boolean {
  let hasContent = false
  for (const [name, readElement] of Object.entries(LISTS)) {
    const list = value[name]
    if (list === undefined || list === null) continue
    const listPath = jsonPath(path, [name])
    if (!Array.isArray(list)) {
      context.collector.reject(context.account, 'malformed', listPath, list)
      hasContent = true
      continue
    }
    list.forEach((element: unknown, i) => {
      readElement(context, field, element, `${listPath}[${i}]`)
      hasContent = true
    })
  }
  return hasContent
}

function readMessage({ waba, contacts }: ValueContext, raw: unknown): Reading {
  const checked = checkMessage(raw)
  if (!checked.ok) return checked
  const { message } = checked
  const isSystem = message.type === 'system'
  const { now, before } = isSystem
    ? systemIdentities(waba, message)
    : { now: identitiesOf(waba, [message.from], [message.from_user_id]), before: [] }
  const person = contacts.person(now, before)
  return about(person, 'from', messageEvent(message, { direction: 'inbound', extra: parentId(person) }))
}

function readEcho({ waba, contacts }: ValueContext, raw: unknown): Reading {
  const checked = checkMessage(raw)
  if (!checked.ok) return checked
  const { message } = checked
  const person = contacts.person(identitiesOf(waba, [message.to], [message.to_user_id]))
  const origin = { direction: 'outbound' as const, isEcho: true, extra: parentId(person) }
  return about(person, 'to', messageEvent(message, origin))
}

function readStatus({ waba, contacts }: ValueContext, raw: unknown): Reading {
  const parsed = schema.statusSchema.safeParse(raw)
  if (!parsed.success) return malformed(parsed.error)
  if (isGroup(raw)) return rejected('pending_support', 'recipient_type')
  const { id, timestamp, status, errors, recipient_id, recipient_user_id } = parsed.data
  const person = contacts.person(identitiesOf(waba, [recipient_id], [recipient_user_id]))
  const known = schema.knownStatusSchema.safeParse(status)
  if (!known.success) {
    const payload = fieldsExcept(parsed.data, 'id', 'timestamp', 'recipient_id', 'recipient_user_id')
    return about(person, 'recipient_id', {
      type: eventTypeFrom(status),
      occurred_at: whatsappTime(timestamp),
      provider_message_id: id,
      ...optionalPayload({ ...payload, ...parentId(person) }),
    })
  }
  const [first, ...others] = errors ?? []
  return about(person, 'recipient_id', {
    type: 'status',
    provider_message_id: id,
    status: known.data,
    occurred_at: whatsappTime(timestamp),
    ...(first ? { error: { ...first, ...(others.length > 0 ? { others } : {}) } } : {}),
  })
}

function readUserIdUpdate({ waba, contacts }: ValueContext, raw: unknown): Reading {
  const parsed = schema.userIdUpdateSchema.safeParse(raw)
  if (!parsed.success) return malformed(parsed.error)
  const { wa_id, user_id, timestamp } = parsed.data
  const now = identitiesOf(waba, [wa_id], [user_id.current])
  const before = user_id.previous === user_id.current ? [] : identitiesOf(waba, [], [user_id.previous])
  return about(contacts.person(now, before), 'user_id', {
    type: 'system',
    ...(timestamp === undefined || timestamp === null ? {} : { occurred_at: whatsappTime(timestamp) }),
    payload: { type: 'user_id_update', ...fieldsExcept(raw, 'timestamp') },
  })
}
