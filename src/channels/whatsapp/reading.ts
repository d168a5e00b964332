import type { InboundEvent } from '../../contract/inbound.ts'
import { type DeliveryCollector, malformed, type Reading, rejected } from '../deliveries.ts'
import { type Contacts, isGroup, type Person } from './contacts.ts'
import * as schema from './schema.ts'

/** Where a list stands: whose it is and who is described beside it. */
export interface ValueContext {
  collector: DeliveryCollector
  /** The phone number id. */
  account: string
  /** The WhatsApp Business Account, the scope of business-scoped user ids. */
  waba: string
  /** The business's own number as digits, '' when it is not given. */
  businessNumber: string
  contacts: Contacts
}

/** A message as the schema has it, or why it is none. */
export function checkMessage(raw: unknown): { ok: true; message: schema.WhatsappMessage } | (Reading & { ok: false }) {
  const parsed = schema.messageSchema.safeParse(raw)
  if (!parsed.success) return malformed(parsed.error)
  const message = parsed.data
  if (isGroup(raw)) return { ok: false, reason: 'pending_support', path: ['group_id'] }
  if (schema.TYPES_WITH_CONTENT.has(message.type) && (message[message.type] ?? null) === null) {
    return { ok: false, reason: 'malformed', path: [message.type] }
  }
  return { ok: true, message }
}

/** The reading for a person and what happened, or the rejection when there is no person. */
export function about(person: Person | undefined, missing: string, event: InboundEvent): Reading {
  if (!person) return rejected('no_participant', missing)
  return { ok: true, participant: person.participant, event, sanitized: person.isSanitized }
}

export function parentId(person: Person | undefined): Record<string, unknown> {
  return person?.parentUserId === undefined ? {} : { parent_user_id: person.parentUserId }
}
