import type { Identity, Participant } from '../../contract/inbound.ts'
import { cleanJson } from '../../lib/clean-text.ts'
import { isRecord, jsonPath } from '../../lib/json.ts'
import { type DeliveryCollector, distinctIdentities, firstProblem, identityKey } from '../deliveries.ts'
import { identitiesOf } from './identities.ts'
import { contactSchema } from './schema.ts'

interface KnownContact {
  identities: Identity[]
  description: Pick<Participant, 'full_name' | 'custom_attributes'>
  parentUserId: string | undefined
  isSanitized: boolean
}

export interface Person {
  participant: Participant
  /** Kept in the event: a parent id groups accounts of one company and identifies nobody. */
  parentUserId: string | undefined
  isSanitized: boolean
}

/** The `contacts` beside a list of messages. They describe people; a payload may lack them. */
export class Contacts {
  readonly #byIdentity = new Map<string, KnownContact>()

  /** Reads the list; what is no contact is rejected, which keeps no message from landing. */
  constructor(waba: string, contacts: unknown, path: string, account: string, collector: DeliveryCollector) {
    if (contacts === undefined || contacts === null) return
    if (!Array.isArray(contacts)) {
      collector.reject(account, 'malformed', path, contacts)
      return
    }
    contacts.forEach((raw: unknown, i) => {
      const asDelivered = contactSchema.safeParse(raw)
      const clean = cleanJson(raw)
      const parsed = asDelivered.success ? contactSchema.safeParse(clean.value) : asDelivered
      if (!parsed.success) {
        collector.reject(account, 'malformed', jsonPath(`${path}[${i}]`, firstProblem(parsed.error)), raw)
        return
      }
      const { profile, wa_id, user_id, parent_user_id } = parsed.data
      const username = profile?.username || parsed.data.username
      const contact: KnownContact = {
        identities: identitiesOf(waba, [wa_id], [user_id]),
        description: {
          ...(profile?.name ? { full_name: profile.name } : {}),
          ...(username ? { custom_attributes: { whatsapp_username: username } } : {}),
        },
        parentUserId: parent_user_id ?? undefined,
        isSanitized: clean.changed.length > 0,
      }
      for (const identity of contact.identities) this.#byIdentity.set(identityKey(identity), contact)
    })
  }

  /** The person with these ids, described by the contact that has one of them. Undefined without any id. */
  person(identities: readonly Identity[], previous: readonly Identity[] = []): Person | undefined {
    if (identities.length === 0) return undefined
    const contact = identities.map((identity) => this.#byIdentity.get(identityKey(identity))).find(Boolean)
    return {
      participant: {
        identities: distinctIdentities([...identities, ...(contact?.identities ?? [])]).toSorted(phoneFirst),
        ...(previous.length > 0 ? { previous_identities: [...previous] } : {}),
        ...contact?.description,
      },
      parentUserId: contact?.parentUserId,
      isSanitized: contact?.isSanitized ?? false,
    }
  }
}

function phoneFirst(a: Identity, b: Identity): number {
  return Number(a.kind === 'bsuid') - Number(b.kind === 'bsuid')
}

/** True for what was said in or sent to a group: a group is not a person, and there is no model for it yet. */
export function isGroup(raw: unknown): boolean {
  return isRecord(raw) && (Boolean(raw.group_id) || raw.recipient_type === 'group')
}
