import type { z } from 'zod'
import type { AccountDelivery, InboundEvent, OtherEvent, Participant } from '../../contract/inbound.ts'
import { fieldsExcept, isRecord, optionalPayload } from '../../lib/json.ts'
import { DeliveryCollector, malformed, type Reading, rejected } from '../deliveries.ts'
import { eventTypeFrom } from '../event-type.ts'
import * as schema from './schema.ts'

/**
 * Translates a Messenger webhook: one delivery per page, one item per person. Pure; never throws, whatever the JSON.
 * What cannot be translated is in `rejected` with its JSON path; a body that is no Messenger envelope is one rejection
 * of the account ''. Every element of `messaging`, `standby` and `changes` becomes one event or one rejection.
 */
export function parseMessengerWebhook(body: unknown): AccountDelivery[] {
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
  const page = parsed.data.id
  let isEmpty = true
  for (const field of ['messaging', 'standby', 'changes'] as const) {
    const elements = parsed.data[field] ?? undefined
    if (elements === undefined) continue
    isEmpty = false
    if (!Array.isArray(elements)) {
      collector.reject(page, 'malformed', `${path}.${field}`, elements)
      continue
    }
    elements.forEach((element: unknown, i) => {
      collector.translate(page, element, `${path}.${field}[${i}]`, (event) => readElement(event, page, field))
    })
  }
  if (isEmpty) collector.reject(page, 'nothing_to_read', path, entry)
}

function readElement(element: unknown, page: string, field: 'messaging' | 'standby' | 'changes'): Reading {
  if (!isRecord(element)) return rejected('malformed')
  if (field === 'changes') return rejected('pending_support')
  const kind = Object.keys(READERS).find((name) => (element[name] ?? null) !== null)
  const reading = (kind === undefined ? undefined : READERS[kind])?.(element, page) ?? readOther(element, page)
  if (!reading.ok || !reading.event || field === 'messaging') return reading
  const payload = 'payload' in reading.event ? reading.event.payload : {}
  return { ...reading, event: { ...reading.event, payload: { ...payload, standby: true } } }
}

type Reader = (raw: Record<string, unknown>, page: string) => Reading

/** One reader per field that says what an event is, the most telling first: an event is read as one thing only. */
const READERS: Record<string, Reader> = {
  message: reader(schema.messageSchema, ({ message, timestamp }, raw, direction) => {
    if (message.is_deleted === true) {
      return {
        type: 'unsend',
        occurred_at: timestamp,
        provider_message_id: message.mid,
        ...optionalPayload({ ...siblings(raw, 'message'), ...fieldsExcept(message, 'mid', 'is_deleted') }),
      }
    }
    return {
      type: 'message',
      direction,
      provider_message_id: message.mid,
      occurred_at: timestamp,
      ...(typeof message.text === 'string' ? { text: message.text } : {}),
      ...(message.attachments?.length ? { attachments: message.attachments } : {}),
      ...(message.reply_to?.mid ? { reply_to: message.reply_to.mid } : {}),
      ...optionalPayload({
        ...siblings(raw, 'message'),
        ...fieldsExcept(message, 'mid', 'text', 'attachments', ...(hasOnlyMid(message.reply_to) ? ['reply_to'] : [])),
      }),
    }
  }),

  message_unsend: reader(schema.unsendSchema, ({ message_unsend: content, timestamp }, raw) =>
    other('unsend', timestamp, content.mid, { ...siblings(raw, 'message_unsend'), ...fieldsExcept(content, 'mid') }),
  ),

  message_edit: reader(schema.editSchema, ({ message_edit: content, timestamp }, raw) =>
    other('edit', timestamp, content.mid, { ...siblings(raw, 'message_edit'), ...fieldsExcept(content, 'mid') }),
  ),

  reaction: reader(schema.reactionSchema, ({ reaction: content, timestamp }, raw) =>
    other('reaction', timestamp, content.mid, { ...siblings(raw, 'reaction'), ...fieldsExcept(content, 'mid') }),
  ),

  postback: reader(schema.postbackSchema, ({ postback: content, timestamp }, raw) =>
    other('postback', timestamp, content.mid, { ...siblings(raw, 'postback'), ...fieldsExcept(content, 'mid') }),
  ),

  delivery: reader(schema.deliverySchema, ({ delivery: content, timestamp }, raw) =>
    other('delivery', timestamp, undefined, { ...siblings(raw, 'delivery'), ...fieldsExcept(content) }),
  ),

  read: reader(schema.readSchema, ({ read: content, timestamp }, raw) =>
    other('read', timestamp, undefined, { ...siblings(raw, 'read'), ...fieldsExcept(content) }),
  ),

  referral: reader(schema.referralSchema, ({ referral: content, timestamp }, raw) =>
    other('referral', timestamp, undefined, { ...siblings(raw, 'referral'), ...fieldsExcept(content) }),
  ),
}

type EventFields = z.infer<typeof schema.eventSchema>

function reader<T extends EventFields>(
  shape: z.ZodType<T>,
  translate: (fields: T, raw: Record<string, unknown>, direction: 'inbound' | 'outbound') => InboundEvent,
): Reader {
  return (raw, page) => {
    const parsed = shape.safeParse(raw)
    if (!parsed.success) return malformed(parsed.error)
    const customer = findCustomer(parsed.data, page, isEcho(raw))
    if (!customer) return rejected('no_participant', 'sender')
    return { ok: true, participant: customer.participant, event: translate(parsed.data, raw, customer.direction) }
  }
}

/** An event of a kind without rules of its own: kept under its own name, with everything it carried. */
function readOther(raw: Record<string, unknown>, page: string): Reading {
  const content = siblings(raw)
  const name = Object.keys(content)[0]
  if (name === undefined) return rejected('unknown_event')
  return reader(schema.eventSchema, ({ timestamp }) => other(eventTypeFrom(name), timestamp, undefined, content))(
    raw,
    page,
  )
}

/** The person is the sender, except in what the page itself sent: there it is the recipient. */
function findCustomer(
  event: EventFields,
  page: string,
  isFromPage: boolean,
): { participant: Participant; direction: 'inbound' | 'outbound' } | undefined {
  const isOutbound = isFromPage || event.sender?.id === page
  const value = (isOutbound ? event.recipient : event.sender)?.id
  if (!value || value === page) return undefined
  return {
    participant: { identities: [{ kind: 'psid', scope: page, value }] },
    direction: isOutbound ? 'outbound' : 'inbound',
  }
}

function isEcho(raw: Record<string, unknown>): boolean {
  return isRecord(raw.message) && raw.message.is_echo === true
}

function hasOnlyMid(replyTo: unknown): boolean {
  return Object.keys(fieldsExcept(replyTo, 'mid')).length === 0
}

/** What stands beside the content of an event and is neither a party nor the time. */
function siblings(raw: Record<string, unknown>, ...content: string[]): Record<string, unknown> {
  return fieldsExcept(raw, 'sender', 'recipient', 'timestamp', ...content)
}

function other(
  type: string,
  time: EventFields['timestamp'],
  mid: string | null | undefined,
  payload: Record<string, unknown>,
): OtherEvent {
  return {
    type,
    ...(time === undefined || time === null ? {} : { occurred_at: time }),
    ...(mid ? { provider_message_id: mid } : {}),
    ...optionalPayload(payload),
  }
}
