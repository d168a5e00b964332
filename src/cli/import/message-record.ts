/** One line of `onefold import messages`: docs/import.md has the format. */
import { z } from 'zod'
import type { InboundEvent, MessageEvent, Participant } from '../../contract/inbound.ts'
import { cleanJson } from '../../lib/clean-text.ts'
import { isRecord } from '../../lib/json.ts'
import { generatedMessageId } from './message-id.ts'
import { id, personShape, time } from './person-fields.ts'
import { type Reading, schemaProblem, unknownFields, withoutNulls } from './reading.ts'

const participant = z.preprocess(withoutNulls, z.object(personShape))

const shape = {
  thread_id: id(512).exactOptional(),
  participant: participant.optional(),
  provider_message_id: z.union([z.literal(''), id(512)]).exactOptional(),
  occurrence: z.number().int().min(1).exactOptional(),
  direction: z.enum(['inbound', 'outbound']),
  sent_at: time,
  text: z.string().exactOptional(),
  attachments: z.array(z.unknown()).exactOptional(),
  reply_to: id(512).exactOptional(),
  status: z.enum(['sent', 'delivered', 'read', 'failed']).exactOptional(),
  status_at: time.exactOptional(),
  is_history: z.boolean().exactOptional(),
  payload: z.record(z.string(), z.unknown()).exactOptional(),
}

const KNOWN: ReadonlySet<string> = new Set(Object.keys(shape))
const KNOWN_OF_PERSON: ReadonlySet<string> = new Set(Object.keys(personShape))

const messageRecord = z.preprocess(
  withoutNulls,
  z.object(shape).refine((record) => record.thread_id !== undefined || record.participant !== undefined, {
    message: 'A message names its conversation: thread_id, participant, or both',
    when: ({ value }) => isRecord(value),
  }),
)

type MessageRecord = z.infer<typeof messageRecord>

/** A message with its conversation, ready to be ingested; its status is an event of its own. */
export interface MessageEntry {
  thread_id?: string
  participant?: Participant
  events: InboundEvent[]
  /** True when the record has no id of the provider. */
  hasGeneratedId: boolean
}

/**
 * Reads one message. Imported messages are history (they raise no unread count and open no reply window) unless the record
 * says otherwise. Unknown fields go to the payload with `keepUnknown`, the participant's to its custom attributes, under
 * what the record gives there itself. An inbound message has no status: one given counts as an unknown field.
 */
export function readMessage(record: unknown, options: { keepUnknown: boolean }): Reading<MessageEntry> {
  const judged = messageRecord.safeParse(record)
  if (!judged.success) return { ok: false, ...schemaProblem(judged.error) }
  const clean = cleanJson(record)
  const isSanitized = clean.changed.length > 0
  const message = isSanitized ? messageRecord.parse(clean.value) : judged.data

  const unknown = unknownFields(clean.value, KNOWN)
  if (message.direction === 'inbound') {
    for (const name of ['status', 'status_at'] as const) if (message[name] !== undefined) unknown[name] = message[name]
  }
  const ofPerson = unknownFields(isRecord(clean.value) ? clean.value.participant : undefined, KNOWN_OF_PERSON)
  const names = [...Object.keys(unknown), ...Object.keys(ofPerson).map((name) => `participant.${name}`)]

  const payload = {
    ...(options.keepUnknown ? unknown : {}),
    ...message.payload,
    ...(isSanitized ? { sanitized: true } : {}),
  }
  const person = message.participant && toParticipant(message.participant, options.keepUnknown ? ofPerson : {})
  const conversation = { ...(message.thread_id ? { thread_id: message.thread_id } : {}), ...person }
  const messageId = message.provider_message_id || generatedMessageId(message)
  const entry: MessageEntry = {
    ...conversation,
    events: [messageEvent(message, messageId, payload), ...statusEvents(message, messageId)],
    hasGeneratedId: !message.provider_message_id,
  }
  return { ok: true, entry, ignored: options.keepUnknown ? [] : names, isSanitized }
}

function toParticipant(
  person: NonNullable<MessageRecord['participant']>,
  unknown: Record<string, unknown>,
): { participant: Participant } {
  const attributes = { ...unknown, ...person.custom_attributes }
  const participant = { ...person, identities: person.identities ?? [] }
  return {
    participant: Object.keys(attributes).length > 0 ? { ...participant, custom_attributes: attributes } : participant,
  }
}

function messageEvent(message: MessageRecord, messageId: string, payload: Record<string, unknown>): MessageEvent {
  const { text, attachments, reply_to } = message
  return {
    type: 'message',
    direction: message.direction,
    provider_message_id: messageId,
    occurred_at: message.sent_at,
    ...(text === undefined ? {} : { text }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(message.is_history === false ? {} : { is_history: true as const }),
    ...(Object.keys(payload).length > 0 ? { payload } : {}),
  }
}

function statusEvents(message: MessageRecord, messageId: string): InboundEvent[] {
  const { direction, status, status_at, sent_at } = message
  if (direction !== 'outbound' || status === undefined) return []
  return [{ type: 'status', provider_message_id: messageId, status, occurred_at: status_at ?? sent_at }]
}
