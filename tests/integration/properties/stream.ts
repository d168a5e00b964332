import type { InboundEvent, InboundItem, MessageEvent } from '../../../src/contract/inbound.ts'
import { ACCOUNTS, type AccountName, type Naming, PEOPLE, type Person } from './people.ts'

/** One delivery of a stream: an item for an account, or a record of the contacts API. */
export interface Delivery {
  person: string
  kind: string
  /** It says that several ids are one person's; while it is missing, two conversations are right. */
  isBridge: boolean
  to: AccountName | 'contacts_api'
  item: InboundItem | { identities: unknown[]; [field: string]: unknown }
}

/** Draws a whole number from 0 to below `count`. */
export type Draw = (count: number) => number

/** The providers' time when a stream begins, in milliseconds; a stream lasts about twenty minutes. */
export const START = Date.UTC(2026, 10, 20, 10)

interface Said {
  event: MessageEvent
  at: number
  edits: number
}

/**
 * A stream of `length` deliveries as the providers would bring them in order: every bridge once, the rest drawn by weight.
 * The same draws give the same stream.
 */
export function buildStream(draw: Draw, length: number): Delivery[] {
  const stream = new Stream(draw)
  while (stream.deliveries.length + stream.bridgesLeft < length) stream.deliver()
  return stream.finish()
}

const WEIGHTS = {
  live: 22,
  album: 3,
  page: 9,
  history: 4,
  status: 9,
  watermark: 7,
  edit: 6,
  unsend: 3,
  reaction: 4,
  postback: 3,
  referral: 2,
  profile: 6,
  broken: 2,
  opening: 2,
  record: 5,
} satisfies Record<string, number>

export type Kind = keyof typeof WEIGHTS
export const KINDS: readonly Kind[] = [
  'live',
  'album',
  'page',
  'history',
  'status',
  'watermark',
  'edit',
  'unsend',
  'reaction',
  'postback',
  'referral',
  'profile',
  'broken',
  'opening',
  'record',
]

class Stream {
  readonly deliveries: Delivery[] = []
  readonly #draw: Draw
  readonly #said = new Map<string, Said[]>()
  readonly #bridges: { person: Person; account: AccountName; naming: Naming }[]
  readonly #statuses = new Set<string>()
  #clock = START
  #ids = 0

  constructor(draw: Draw) {
    this.#draw = draw
    this.#bridges = PEOPLE.flatMap((person) =>
      entriesOf(person).flatMap(([account, { bridges }]) => bridges.map((naming) => ({ person, account, naming }))),
    )
  }

  get bridgesLeft(): number {
    return this.#bridges.length
  }

  deliver(): void {
    const kind = this.#one(DRAWN)
    const person = this.#one(PEOPLE)
    const [account, { namings }] = this.#one(entriesOf(person))
    this.#clock += 300 + this.#draw(40_000)
    if (kind === 'record') {
      if (person.record) this.#add(person, kind, 'contacts_api', recordOf(person.record))
      return
    }
    if (this.#bridges.length > 0 && this.#draw(8) === 0) this.#bridge(this.#draw(this.#bridges.length))
    const naming = this.#one(namings)
    const events = this.#events(kind, person, account)
    if (events) this.#add(person, kind, account, this.#item(kind, naming, events))
  }

  finish(): Delivery[] {
    while (this.#bridges.length > 0) this.#bridge(0)
    return this.deliveries
  }

  #bridge(at: number): void {
    const [bridge] = this.#bridges.splice(at, 1)
    if (!bridge) return
    const { person, account, naming } = bridge
    this.#clock += 1_000
    const events = this.#draw(2) === 0 ? [this.#say(account, person)] : []
    const item = this.#item('bridge', naming, events)
    this.deliveries.push({ person: person.name, kind: 'bridge', isBridge: true, to: account, item })
  }

  #add(person: Person, kind: Kind, to: Delivery['to'], item: Delivery['item']): void {
    this.deliveries.push({ person: person.name, kind, isBridge: false, to, item })
  }

  #item(kind: Kind | 'bridge', naming: Naming, events: InboundEvent[]): InboundItem {
    const { thread, participant } = structuredClone(naming)
    const hasProfile = participant && (kind === 'profile' || kind === 'page' || this.#draw(6) === 0)
    return {
      ...(thread === undefined ? {} : { thread_id: thread }),
      ...(participant ? { participant: { ...participant, ...(hasProfile ? this.#profile() : {}) } } : {}),
      ...(kind === 'page' ? { updated_at: toSecond(this.#clock) } : {}),
      events,
    }
  }

  #profile() {
    return {
      full_name: this.#one(['Ana', 'Ana R.', 'ANA', 'Facebook user', '']),
      ...(this.#draw(2) === 0 ? { custom_attributes: { [this.#one(['plan', 'zona'])]: this.#draw(3) } } : {}),
      ...(this.#draw(3) === 0 ? { tags: [this.#one(['vip', 'nuevo'])] } : {}),
    }
  }

  #events(kind: Kind, person: Person, account: AccountName): InboundEvent[] | undefined {
    const key = `${person.name} ${account}`
    const said = this.#said.get(key) ?? []
    switch (kind) {
      case 'live':
      case 'profile':
        return [this.#say(account, person)]
      case 'album':
        return Array.from({ length: 2 + this.#draw(3) }, () => this.#say(account, person))
      case 'page':
        return this.#some([...said, this.#new(account, person)]).map((message) => this.#copy(message))
      case 'history':
        return this.#some([...said, this.#new(account, person)]).map(({ event }) => ({ ...event, is_history: true }))
      case 'status':
        return this.#status(account, said)
      case 'watermark':
        return [this.#watermark(said)]
      case 'opening':
        return []
      case 'broken':
        return [this.#say(account, person), this.#broken()]
      default:
        return this.#about(kind, account, said)
    }
  }

  /** A message that some delivery will bring, or that none ever does. */
  #new(account: AccountName, person: Person): Said {
    this.#clock += this.#draw(3_000)
    this.#ids += 1
    const text = this.#one([`texto ${this.#ids}`, `texto ${this.#ids}`, '', undefined])
    const event: MessageEvent = {
      type: 'message',
      direction: this.#draw(3) === 0 ? 'outbound' : 'inbound',
      provider_message_id: `m${this.#ids}`,
      occurred_at: account === 'page' ? this.#clock : Math.floor(this.#clock / 1000),
      ...(text === undefined ? {} : { text }),
      ...(this.#draw(4) === 0 ? { attachments: [{ type: 'image', id: this.#ids }] } : {}),
      ...(this.#draw(5) === 0 ? { payload: { app_id: this.#draw(3), echo: true } } : {}),
    }
    const message = { event, at: this.#clock, edits: 0 }
    const key = `${person.name} ${account}`
    this.#said.set(key, [...(this.#said.get(key) ?? []), message])
    return message
  }

  #say(account: AccountName, person: Person): MessageEvent {
    return this.#new(account, person).event
  }

  /** The same message as the API's page tells it: to the second, and sometimes less of it, sometimes more. */
  #copy({ event, at, edits }: Said): MessageEvent {
    const { text, attachments, ...rest } = event
    const told = this.#one([text, text, '', undefined, edits > 0 ? `edición ${edits}` : `${text ?? ''} y más`])
    return {
      ...rest,
      occurred_at: toSecond(at),
      ...(told === undefined ? {} : { text: told }),
      ...(this.#draw(2) === 0 ? {} : { attachments: attachments ?? [{ type: 'file' }] }),
      ...(this.#draw(3) === 0 ? { reply_to: 'm1' } : {}),
      ...(this.#draw(3) === 0 ? { payload: { from_page: true, app_id: this.#draw(3) } } : {}),
    }
  }

  #status(account: AccountName, said: Said[]): InboundEvent[] | undefined {
    const sent = said.filter(({ event }) => event.direction === 'outbound')
    const id = sent.length > 0 ? this.#one(sent).event.provider_message_id : `never-${account}`
    const status = this.#one(['sent', 'delivered', 'read', 'failed'] as const)
    // A status is told once; a second one with another time would be another delivery of the same event.
    if (this.#statuses.has(`${id}:${status}`)) return undefined
    this.#statuses.add(`${id}:${status}`)
    const error = status === 'failed' ? { error: { code: 131047 } } : {}
    return [{ type: 'status', provider_message_id: id, status, occurred_at: this.#clock, ...error }]
  }

  /** Up to now, or up to exactly some message, to just before it, or into its second. */
  #watermark(said: Said[]): InboundEvent {
    const message = said.length > 0 && this.#draw(3) > 0 ? this.#one(said) : undefined
    const exactly = message && Math.floor(message.at / 1000) * 1000
    const upTo = message ? this.#one([message.at, message.at - 1, exactly, message.at - this.#draw(900)]) : this.#clock
    return { type: this.#one(['read', 'delivery']), payload: { watermark: upTo } }
  }

  #about(kind: Kind, account: AccountName, said: Said[]): InboundEvent[] {
    const message = said.length > 0 ? this.#one(said) : undefined
    const id = message?.event.provider_message_id ?? `never-${account}`
    const occurred_at = this.#clock
    if (kind === 'edit') {
      if (!message) return [{ type: 'reaction', occurred_at, provider_message_id: id, payload: { emoji: '❤' } }]
      message.edits += 1
      const payload = { num_edit: message.edits, text: `edición ${message.edits}` }
      return [{ type: 'edit', provider_message_id: id, occurred_at, payload }]
    }
    if (kind === 'unsend') return [{ type: 'unsend', provider_message_id: id, occurred_at }]
    if (kind === 'reaction') {
      return [{ type: 'reaction', provider_message_id: id, occurred_at, payload: { emoji: this.#one(['❤', '👍']) } }]
    }
    return [{ type: kind, occurred_at, payload: { ref: `ad${this.#draw(3)}` } }]
  }

  #broken(): InboundEvent {
    this.#ids += 1
    return {
      type: 'message',
      direction: 'inbound',
      provider_message_id: `bad${this.#ids}`,
      occurred_at: this.#one([-5, 'yesterday', 1_000_000_000, 4_102_444_800_000]),
    }
  }

  #some(list: readonly Said[]): Said[] {
    const chosen = list.filter(() => this.#draw(3) > 0)
    return chosen.slice(0, 6)
  }

  #one<T>(list: readonly T[]): T {
    const at = this.#draw(list.length)
    for (const value of list.slice(at, at + 1)) return value
    throw new Error('There is nothing to draw from.')
  }
}

/** Each kind as often as it weighs. */
const DRAWN: readonly Kind[] = KINDS.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind))

/** To the second, as the Graph API writes times. */
function toSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+0000`
}

function entriesOf(person: Person): [AccountName, { namings: Naming[]; bridges: Naming[] }][] {
  return ACCOUNTS.flatMap((account) => {
    const on = person.on[account]
    return on ? [[account, on] satisfies [AccountName, typeof on]] : []
  })
}

function recordOf(record: NonNullable<Person['record']>): Delivery['item'] {
  return { ...record, source_updated_at: new Date(START + 60_000).toISOString() }
}
