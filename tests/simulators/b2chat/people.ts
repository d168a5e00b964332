/**
 * Seeded people as a merchant knows them, and the contacts and chats they left at B2Chat. `people` is the truth that a
 * test compares with: which records belong to whom.
 */
import { createRandom, type Random } from '../random.ts'
import {
  CHAT_PROVIDERS,
  CHAT_STATUSES,
  type ChatContact,
  type ChatMessage,
  type ChatRecord,
  type ContactRecord,
  durationText,
  localTime,
} from './records.ts'

export interface DatasetOptions {
  seed: number
  people: number
  /** The first day, `YYYY-MM-DD`, and how many days the records are spread over. */
  firstDay: string
  days: number
  /** True when the id of a chat's contact is the contact's id of the contacts export. The documentation does not say. */
  sharedIds?: boolean
  merchantId?: number
}

export interface Person {
  number: number
  /** Where B2Chat knows the person from. */
  known: 'both' | 'contacts' | 'chats'
  name: string | null
  /** As written in records; null for people who never gave one. Members of a family share it. */
  mobile: string | null
  email: string | null
  identification: string | null
  /** Number of the person whose phone this one uses. */
  familyOf: number | null
  contactIds: number[]
  chatIds: string[]
}

export interface Dataset {
  people: Person[]
  contacts: ContactRecord[]
  chats: ChatRecord[]
}

const FIRST_NAMES = ['Ana', 'Luis', 'María', 'José', 'Camila', 'Andrés', 'Zoë', 'Ñusta', '李雷', 'Omar'] as const
const LAST_NAMES = ['Ruiz', 'Gómez', 'Muñoz', 'Pérez', 'Vélez', 'da Silva', "O'Brien", 'Ortiz'] as const
const CITIES: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['CO', 'Cali'],
  ['CO', 'Bogotá'],
  ['MX', 'Puebla'],
  ['BR', 'Recife'],
  ['AR', 'Rosario'],
]
const SAYINGS = ['Hola', '¿Qué precio tiene?', 'ok', '👍', 'Gracias', 'Necesito una cita\npara mañana', 'demo'] as const
/** What stands in a name's place when B2Chat knows none. */
const NO_NAMES = [null, '', 'Unknown'] as const
/** What stands in a number's place: nothing, or a number that no network has assigned. */
const NO_PHONES = [null, '', '+0000000000', '+999123456789'] as const

export function createDataset(options: DatasetOptions): Dataset {
  const random = createRandom(options.seed)
  const start = Date.parse(`${options.firstDay}T00:00:00Z`) / 1000
  const moment = () => start + random.below(options.days * 86_400)
  const dataset: Dataset = { people: [], contacts: [], chats: [] }
  for (let number = 0; number < options.people; number += 1) {
    const person = createPerson(random, number, dataset.people)
    dataset.people.push(person)
    if (person.known !== 'chats') addContact(random, dataset, person, options, moment())
    if (person.known === 'contacts') continue
    const chats = 1 + random.below(3)
    for (let i = 0; i < chats; i += 1) addChat(random, dataset, person, options, moment())
  }
  return dataset
}

function createPerson(random: Random, number: number, earlier: readonly Person[]): Person {
  const family = random.chance(0.15) ? earlier[random.below(Math.max(1, earlier.length))] : undefined
  const shared = family?.mobile ? family : undefined
  const hasNoPhone = random.chance(0.12)
  return {
    number,
    known: random.pick(['both', 'both', 'both', 'contacts', 'chats']),
    name: random.chance(0.12) ? random.pick(NO_NAMES) : `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
    mobile: shared?.mobile ?? (hasNoPhone ? random.pick(NO_PHONES) : `+57300${String(1_000_000 + number)}`),
    email: random.chance(0.4) ? `persona${number}@example.com` : null,
    identification: random.chance(0.3) ? String(10_000_000 + number) : null,
    familyOf: shared?.number ?? null,
    contactIds: [],
    chatIds: [],
  }
}

function addContact(random: Random, { contacts }: Dataset, person: Person, options: DatasetOptions, at: number): void {
  const [country, city] = random.pick(CITIES)
  const contactId = 1000 + person.number
  person.contactIds.push(contactId)
  contacts.push({
    contact_id: contactId,
    fullname: person.name,
    identification: person.identification ?? '',
    email: person.email ?? '',
    landline: random.chance(0.2) ? `60${2_000_000 + person.number}` : '',
    mobile: person.mobile,
    address: random.chance(0.3) ? `Calle ${random.below(99)} # 1-2` : '',
    country,
    city,
    company: random.chance(0.2) ? 'Ferretería El Tornillo' : '',
    merchant_id: options.merchantId ?? null,
    created: localTime(at - random.below(86_400 * 300)),
    updated: localTime(at),
    custom_attributes: [{ name: 'Asesor', value: random.chance(0.5) ? 'Laura' : null }],
    tags: random.chance(0.4) ? [{ name: 'VIP', assigned_at: at - 60 }] : [],
  })
}

function addChat(random: Random, { chats }: Dataset, person: Person, options: DatasetOptions, at: number): void {
  const provider = random.pick(CHAT_PROVIDERS)
  const status = random.pick(CHAT_STATUSES)
  const wait = 60 + random.below(3600)
  const isPickedUp = status !== 'BOT_CHATTING' && status !== 'OPENED'
  const isClosed = status === 'CLOSED' || status.endsWith('POLL')
  const chatId = chatUuid(random)
  person.chatIds.push(chatId)
  chats.push({
    chat_id: chatId,
    alias: provider === 'WHATSAPPB2CHAT' ? random.pick(['Whatsapp1', 'Whatsapp2']) : provider.toLowerCase(),
    provider,
    status,
    department: random.chance(0.8) ? random.pick(['Ventas', 'Soporte']) : null,
    is_agent_available: random.chance(0.5),
    agent: isPickedUp ? { name: 'Laura', username: 'laura', email: 'laura@example.com' } : null,
    contact: random.chance(0.03) ? null : chatContact(person, provider, options),
    created_at: localTime(at),
    opened_at: localTime(at),
    picked_up_at: isPickedUp ? localTime(at + wait) : null,
    response_at: isPickedUp ? localTime(at + wait + 30) : null,
    closed_at: isClosed ? localTime(at + wait * 2) : null,
    duration: isClosed ? durationText(wait * 2) : null,
    messages: createMessages(random, at, isPickedUp ? wait : 0),
  })
}

/** Only a phone channel knows the number; the others have a name at most. */
function chatContact(person: Person, provider: ChatRecord['provider'], options: DatasetOptions): ChatContact {
  const hasPhone = provider === 'WHATSAPPB2CHAT' || provider === 'TELEGRAM'
  return {
    id: (options.sharedIds ? 1000 : 8_000_000) + person.number,
    name: person.name,
    mobile_number: hasPhone ? person.mobile : '',
    phone_number: '',
    email: person.email ?? '',
    identification: person.identification ?? '',
    custom_attributes: [{ name: 'Asesor', value: null }],
    tags: [],
  }
}

/** The first message may be older than the chat, and people send the same text twice within a second. */
function createMessages(random: Random, at: number, wait: number): ChatMessage[] {
  const says = (body: string, incoming: boolean, seconds: number): ChatMessage => ({
    body,
    caption: null,
    broadcasted: !incoming && random.chance(0.1),
    incoming,
    type: 'TEXT',
    created_at: localTime(seconds),
    location: null,
  })
  const first = says(random.pick(SAYINGS), true, at - (random.chance(0.3) ? 18 : 0))
  const messages = [first]
  if (random.chance(0.25)) messages.push({ ...first })
  if (random.chance(0.2)) {
    messages.push({
      ...first,
      type: 'IMAGE',
      body: 'https://files.example.com/1.jpg',
      caption: 'foto',
      created_at: localTime(at + 1),
    })
  }
  if (wait > 0) messages.push(says(random.pick(SAYINGS), false, at + wait), says('Gracias', true, at + wait + 40))
  return messages
}

function chatUuid(random: Random): string {
  const hex = (length: number) => Array.from({ length }, () => random.below(16).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
}
