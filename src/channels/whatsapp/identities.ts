import type { Identity } from '../../contract/inbound.ts'
import { distinctIdentities, identityKey } from '../deliveries.ts'
import type { WhatsappMessage } from './schema.ts'

type Given = string | null | undefined

/** A business-scoped user id: country, dot, letters and digits (with `ENT.` between for a parent id). */
const BSUID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+$/

/**
 * The identities behind a payload's ids, phone first, without repetitions. `phones` are fields that usually hold a phone
 * number: their values become `wa_id`, digits only, unless they have the form of a business-scoped user id.
 * `userIds` become `bsuid` in the scope of the WhatsApp Business Account.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/
 */
export function identitiesOf(waba: string, phones: readonly Given[], userIds: readonly Given[]): Identity[] {
  const isUserId = (value: Given) => BSUID.test(value ?? '')
  return distinctIdentities([
    ...phones.flatMap((value) => (value && !isUserId(value) ? [{ kind: 'wa_id' as const, value: digits(value) }] : [])),
    ...[...phones.filter(isUserId), ...userIds].flatMap((value) =>
      value ? [{ kind: 'bsuid' as const, scope: waba, value }] : [],
    ),
  ])
}

/** A phone number as its digits (`+57 300-111` gives `57300111`); anything else as it came. */
export function digits(value: string): string {
  return /^\+?[\d\s().-]+$/.test(value) && /\d/.test(value) ? value.replaceAll(/\D/g, '') : value
}

export function shareIdentity(some: readonly Identity[], others: readonly Identity[]): boolean {
  const keys = new Set(others.map(identityKey))
  return some.some((identity) => keys.has(identityKey(identity)))
}

const CHANGES: ReadonlySet<string> = new Set([
  'user_changed_number',
  'user_changed_user_id',
  'user_id_update',
  'customer_changed_number',
])

/**
 * Who a system message is about: the person's ids now and, when it reports a change, the ids before.
 * A new phone is `new_wa_id`, in later versions `wa_id`; `from` and `customer` then hold the old one. A new user id is
 * `user_id`, the old one `previous_user_id`. Where `from_user_id` stands for either, comparing it with the other two
 * settles it. An id given as both old and new counts as new.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
 */
export function systemIdentities(waba: string, message: WhatsappMessage): { now: Identity[]; before: Identity[] } {
  const system = message.system ?? {}
  const isChange = CHANGES.has(system.type ?? '') || Boolean(system.previous_user_id || system.new_wa_id)
  if (!isChange) {
    const ids = identitiesOf(
      waba,
      [message.from || system.wa_id || system.customer],
      [message.from_user_id || system.user_id],
    )
    return { now: ids, before: [] }
  }
  const isFromCurrent =
    !system.user_id && Boolean(system.previous_user_id) && message.from_user_id !== system.previous_user_id
  const now = identitiesOf(
    waba,
    [system.new_wa_id || system.wa_id],
    [system.user_id || (isFromCurrent ? message.from_user_id : undefined)],
  )
  const known = new Set(now.map(identityKey))
  const before = identitiesOf(
    waba,
    [system.previous_wa_id, message.from, system.customer, system.new_wa_id ? system.wa_id : undefined],
    [system.previous_user_id, message.from_user_id],
  ).filter((identity) => !known.has(identityKey(identity)))
  return now.length > 0 ? { now, before } : { now: before, before: [] }
}
