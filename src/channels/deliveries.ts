import type {
  AccountDelivery,
  Identity,
  InboundEvent,
  InboundItem,
  Participant,
  RejectedItem,
} from '../contract/inbound.ts'
import { cleanJson } from '../lib/clean-text.ts'
import { isRecord, jsonPath } from '../lib/json.ts'

/** Why something was not translated. Stable codes: they are what dead letters are counted by. */
export type RejectionReason =
  /** The body is not the provider's envelope. */
  | 'unexpected_envelope'
  /** A field that is needed is missing or of another type; the path names it. */
  | 'malformed'
  /** The event is readable, but nothing says which person it concerns. */
  | 'no_participant'
  /** The event carries nothing besides its sender, recipient and time. */
  | 'unknown_event'
  /** A message of the past whose direction cannot be told. */
  | 'unknown_direction'
  /** An envelope, entry or change with nothing in it. */
  | 'nothing_to_read'
  /** Understood, and not supported yet. */
  | 'pending_support'
  /** The provider reports an error of the account, outside of any message. */
  | 'account_error'
  /** The business did not share its chat history. */
  | 'history_declined'

/** What a translator makes of one element of a payload. A rejection's path is relative to the element. */
export type Reading =
  | { ok: true; participant: Participant; event?: InboundEvent; sanitized?: boolean }
  | { ok: false; reason: RejectionReason; path: readonly PropertyKey[] }

export function rejected(reason: RejectionReason, ...path: PropertyKey[]): Reading {
  return { ok: false, reason, path }
}

interface SchemaError {
  issues: readonly { path: readonly PropertyKey[] }[]
}

/** Where the first thing stands that a schema complained about. */
export function firstProblem(error: SchemaError): readonly PropertyKey[] {
  return error.issues[0]?.path ?? []
}

export function malformed(error: SchemaError): Reading & { ok: false } {
  return { ok: false, reason: 'malformed', path: firstProblem(error) }
}

interface Account {
  items: Map<string, InboundItem>
  rejected: RejectedItem[]
}

/**
 * Collects what one payload brings: one delivery per account, one item per participant, events in the order they came.
 * Everything in `result()` is storable as jsonb. Where a text was changed for that, the event's payload or the rejected
 * item has `sanitized: true`.
 */
export class DeliveryCollector {
  readonly #accounts = new Map<string, Account>()

  /** Translates one element and keeps the result: an event, an item without events, or a rejection. */
  translate(accountExternalId: string, element: unknown, path: string, read: (element: unknown) => Reading): void {
    const clean = cleanJson(element)
    // Ids are judged as delivered: a changed id would be another id. Everything else is read from the cleaned copy.
    const asDelivered = read(element)
    const isChanged = clean.changed.length > 0
    const reading = asDelivered.ok && isChanged ? read(clean.value) : asDelivered
    if (reading.ok) this.#add(accountExternalId, reading, isChanged || reading.sanitized === true)
    else this.reject(accountExternalId, reading.reason, jsonPath(path, reading.path), element)
  }

  reject(accountExternalId: string, reason: RejectionReason, path: string, item: unknown): void {
    this.#account(accountExternalId).rejected.push({ reason, path, item: storable(item) })
  }

  result(): AccountDelivery[] {
    return [...this.#accounts].map(([accountExternalId, account]) => ({
      accountExternalId,
      items: [...account.items.values()],
      rejected: account.rejected,
    }))
  }

  #account(externalId: string): Account {
    let account = this.#accounts.get(externalId)
    if (!account) {
      account = { items: new Map(), rejected: [] }
      this.#accounts.set(externalId, account)
    }
    return account
  }

  #add(accountExternalId: string, reading: Reading & { ok: true }, isSanitized: boolean): void {
    const { items } = this.#account(accountExternalId)
    const key = JSON.stringify(reading.participant.identities.map(identityKey).toSorted())
    let item = items.get(key)
    if (!item) {
      item = { events: [] }
      items.set(key, item)
    }
    item.participant = mergeParticipants(item.participant, reading.participant)
    if (reading.event) item.events.push(isSanitized ? noteSanitized(reading.event) : reading.event)
  }
}

export function identityKey({ kind, scope, value }: Identity): string {
  return JSON.stringify([kind, scope ?? '', value])
}

/** The identities without repetitions, in order. */
export function distinctIdentities(identities: readonly Identity[]): Identity[] {
  return [...new Map(identities.map((identity) => [identityKey(identity), identity])).values()]
}

/** The later description of a person wins field by field; old ids add up. */
function mergeParticipants(earlier: Participant | undefined, later: Participant): Participant {
  if (!earlier) return later
  const previous = distinctIdentities([...(earlier.previous_identities ?? []), ...(later.previous_identities ?? [])])
  return {
    ...earlier,
    ...later,
    ...(earlier.custom_attributes && later.custom_attributes
      ? { custom_attributes: { ...earlier.custom_attributes, ...later.custom_attributes } }
      : {}),
    ...(previous.length > 0 ? { previous_identities: previous } : {}),
  }
}

function noteSanitized(event: InboundEvent): InboundEvent {
  const payload = 'payload' in event ? event.payload : {}
  return { ...event, payload: { ...payload, sanitized: true } }
}

/** The item as a rejection keeps it: storable as jsonb, with a note where it had to be changed for that. */
export function storable(item: unknown): unknown {
  const { value, changed } = cleanJson(item)
  if (changed.length === 0) return value ?? null
  return isRecord(value) ? { ...value, sanitized: true } : { value, sanitized: true }
}
