/** `explain_contact` in words: what brought a contact's identities and fields, and what it was merged with. */
import type { IdentityKind } from '../contract/kinds.ts'
import type { ContactExplanation } from '../crm/contacts.ts'

type Identity = ContactExplanation['identities'][number]
type Merge = ContactExplanation['merges'][number]
type Candidate = ContactExplanation['candidates'][number]

const KINDS: Readonly<Record<IdentityKind, string>> = {
  psid: 'Messenger id',
  wa_id: 'WhatsApp number',
  bsuid: 'WhatsApp user id',
  b2chat_id: 'B2Chat id',
  identification: 'identification',
  phone: 'phone',
  email: 'e-mail',
}
const FIELDS: Readonly<Record<string, string>> = { full_name: 'name', email: 'e-mail', custom_attributes: 'attribute' }
const CHANNELS: Readonly<Record<string, string>> = { messenger: 'Messenger', whatsapp: 'WhatsApp', b2chat: 'B2Chat' }

/**
 * One sentence for the identities that one delivery brought, for the fields that one wrote, for each merge, and for each contact that may
 * be the same person.
 */
export function explainInWords({ identities, fields, merges, candidates }: ContactExplanation): string[] {
  return [
    ...identitiesInWords(identities),
    ...fieldsInWords(fields),
    ...merges.flatMap(mergeInWords),
    ...candidates.flatMap(candidateInWords),
  ]
}

function identitiesInWords(identities: readonly Identity[]): string[] {
  const alike = Map.groupBy(identities, ({ rule, delivery, merge_id, is_previous }) =>
    JSON.stringify([rule, delivery, merge_id, is_previous]),
  )
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const names = capital(listed(group.map(({ kind, value }) => `the ${label(KINDS, kind)} ${value}`)))
    const came = first.merge_id === null ? 'this contact' : 'another contact'
    const moved =
      first.merge_id === null ? '' : ` The merge of the two brought ${group.length > 1 ? 'them' : 'it'} here.`
    const now = first.is_previous ? ' The person has changed it since.' : ''
    return [`${names} ${attached(first, group.length > 1, came)}${moved}${now}`]
  })
}

function attached({ rule, delivery }: Identity, isMany: boolean, contact: string): string {
  const from = deliveryInWords(delivery)
  const [it, was] = isMany ? ['them', 'were'] : ['it', 'was']
  if (rule === 'created') return `made ${contact}: ${from} named ${it} first.`
  if (rule === 'attached') return `${was} added to ${contact}: ${from} named ${it}, and nobody had ${it}.`
  if (rule === 'id_change') return `${was} added to ${contact}: ${from} said that the person's id had changed.`
  if (rule === 'backfill') return `${was} added to ${contact} by backfill_phones, which read the stored number.`
  return `${was} added to ${contact} by the rule ${rule}: ${from} named ${it}.`
}

/** Fields of one delivery are one sentence, the name first. */
function fieldsInWords(fields: ContactExplanation['fields']): string[] {
  const named = Object.entries(fields).sort(([a], [b]) => Number(b === 'full_name') - Number(a === 'full_name'))
  const byDelivery = Map.groupBy(named, ([, { delivery }]) => deliveryInWords(delivery))
  return [...byDelivery].map(([from, group]) => {
    const words = group.map(([field, { value }]) => {
      const [name = field, ...attribute] = field.split('.')
      return [label(FIELDS, name), ...attribute, typeof value === 'string' ? value : JSON.stringify(value)].join(' ')
    })
    return `${capital(from)} gave the ${listed(words)}.`
  })
}

const MERGERS: Readonly<Record<string, string>> = { system: 'The rules', service_role: 'A secret key' }

function mergeInWords({ merge_id, role, other_contact_id, reason, merged_by, undone_at }: Merge): string[] {
  const other = `contact ${short(other_contact_id)}`
  const who = MERGERS[merged_by] ?? `Member ${short(merged_by)}`
  const what = role === 'survivor' ? `merged ${other} into this one` : `merged this contact into ${other}`
  const why = reason === 'bridged by a delivery' ? 'because a delivery named both' : `for this reason: ${reason}`
  return [
    `${who} ${what}, ${why}.`,
    undone_at === null
      ? `crm.unmerge_contacts('${merge_id}') undoes that.`
      : `That was undone at ${minute(undone_at)}.`,
  ]
}

function candidateInWords({ status, other_contact_id }: Candidate): string[] {
  const other = `Contact ${short(other_contact_id)}`
  if (status === 'merged') return [] // The merge has said so.
  return status === 'open'
    ? [`${other} may be the same person: somebody has to decide.`]
    : [`${other} is another person: somebody has decided so.`]
}

/** A delivery's name is its channel, its account and its first event: `whatsapp:<number id>:message:<id>`. */
function deliveryInWords(delivery: string | null): string {
  if (delivery === null) return 'a delivery without a name'
  const message = /^(\w+):.+?:message:(.+)$/.exec(delivery)
  if (message) return `the ${label(CHANNELS, message[1] ?? '')} message ${message[2]}`
  const event = /^(\w+):.+?:(\w+):[^:]*:(\d{1,15}):\w+$/.exec(delivery)
  if (!event) return `the delivery ${delivery}`
  const [, channel = '', type = '', time] = event
  const what = type === 'chat_state' ? 'chat' : type.replaceAll('_', ' ')
  return `the ${label(CHANNELS, channel)} ${what} of ${minute(Number(time))}`
}

function label(labels: Readonly<Record<string, string>>, name: string): string {
  return labels[name] ?? name.replaceAll('_', ' ')
}

function minute(time: string | number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Enough of an id to tell it from others. */
function short(id: string): string {
  return id.slice(0, 8)
}
