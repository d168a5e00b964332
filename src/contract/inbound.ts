/**
 * The canonical delivery that every channel's `parse.ts` produces and the database ingests.
 * It mirrors `InboundItem` of the RPC contract: the database decides what it means, this file only names it.
 */
import type { IdentityKind } from './kinds.ts'

/** An identity as a provider gave it. `scope` is left out where the kind has none or the database knows it. */
export interface Identity {
  kind: IdentityKind
  scope?: string
  value: string
}

/** A point in time as delivered: ISO 8601, or the provider's epoch number untouched (the database reads ten digits as seconds). */
export type ProviderTime = string | number

/** The person at the other end of a conversation. Left-out fields are unknown; nothing here erases a known value. */
export interface Participant {
  identities: Identity[]
  /** The same person's old ids, when the provider says that an id changed. */
  previous_identities?: Identity[]
  full_name?: string
  email?: string
  phone?: string
  mobile?: string
  custom_attributes?: Record<string, unknown>
}

export interface MessageEvent {
  type: 'message'
  direction: 'inbound' | 'outbound'
  provider_message_id: string
  occurred_at: ProviderTime
  text?: string
  attachments?: unknown[]
  /** The provider's id of the message this one answers. */
  reply_to?: string
  /** True for messages from before the account was connected: they raise no unread count and open no reply window. */
  is_history?: true
  payload?: Record<string, unknown>
}

export interface StatusEvent {
  type: 'status'
  provider_message_id: string
  status: 'sent' | 'delivered' | 'read' | 'failed'
  occurred_at: ProviderTime
  error?: Record<string, unknown>
}

/**
 * Anything else that happened in a conversation. `read` and `delivery` carry `payload.watermark` (a ProviderTime)
 * and may carry `payload.mids`; `edit` carries `payload.num_edit` and `payload.text`; `unsend` names the message.
 * A type the database has no rule for is stored as an event of that type (lower-case letters, digits and underscores).
 */
export interface OtherEvent {
  type: string
  occurred_at?: ProviderTime
  provider_message_id?: string
  payload?: Record<string, unknown>
}

export type InboundEvent = MessageEvent | StatusEvent | OtherEvent

/** One conversation's share of a delivery. It names the thread, the participant, or both. */
export interface InboundItem {
  thread_id?: string
  participant?: Participant
  updated_at?: ProviderTime
  events: InboundEvent[]
}

/** What translation could not read: kept as a dead letter, with the JSON path of what was wrong. */
export interface RejectedItem {
  reason: string
  path: string
  item: unknown
}

/** What one payload brings for one channel account. */
export interface AccountDelivery {
  accountExternalId: string
  items: InboundItem[]
  rejected: RejectedItem[]
}
