/** A page's conversations, newest first, and how they change. */
import { createRandom, type Random } from '../random.ts'
import { type WorldOptions, type WorldSettings, worldSchema } from './options.ts'

export interface ReceivedMessage {
  id: string
  /** Milliseconds since 1970. Graph gives seconds, a webhook this. */
  at: number
  outbound: boolean
  text: string
}

export interface Conversation {
  number: number
  id: string
  psid: string
  name: string
  /** Whether Graph gives the list's element, and the person in it, in a form that can be used. */
  state: 'sound' | 'participant missing' | 'participant malformed' | 'malformed'
  /** Messages the world began with; their content follows from the seed. */
  generated: number
  /** When the newest of them came, and how far apart they are, in seconds. */
  generatedUntil: number
  step: number
  idTail: string
  received: ReceivedMessage[]
  /** In seconds. */
  updated: number
  /** Decides among equal times: the greater is the newer. */
  rank: number
}

export interface Arrival {
  conversation: Conversation
  message: ReceivedMessage
}

export interface ReceiveOptions {
  /** A conversation's id, or `new` for somebody who never wrote before. Without it: one by chance. */
  thread?: string
  text?: string
  outbound?: boolean
  /** Milliseconds since 1970; never before the conversation's newest. Without it: a little after the page's newest. */
  at?: number
}

export interface World {
  settings: WorldSettings
  /** Newest first. */
  list: Conversation[]
  find(threadId: string): Conversation | undefined
  /** The place in the list of what stands behind this time and rank. */
  placeAfter(updated: number, rank: number): number
  /** A new message: its conversation moves up. */
  receive(options?: ReceiveOptions): Arrival
}

const FIRST_NAMES = ['Ana', 'Luis', 'María', 'José', 'Camila', 'Andrés', 'Zoë', 'Ñusta', '李雷', 'Omar 🌵'] as const
const LAST_NAMES = ['Ruiz', 'Gómez', 'Muñoz', 'Pérez', 'Vélez', 'da Silva', "O'Brien", 'Ortiz "Tito"'] as const
const ID_SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Of a world large enough to have one. */
const DEEP_THREAD = 1_200
const LARGE_WORLD = 10_000

export function createWorld(options: WorldOptions = {}): World {
  const settings = worldSchema.parse(options)
  const random = createRandom(settings.seed)
  const sizes = threadSizes(random, settings)
  const list: Conversation[] = []
  let updated = Math.floor(settings.until / 1000)
  for (const [place, generated] of sizes.entries()) {
    if (place > 0 && !random.chance(settings.equalTimes)) updated -= 1 + random.below(600)
    const state = stateByChance(random, settings)
    list.push(createConversation(random, { number: place, generated, updated, state, rank: -place }))
  }
  return withChanges(settings, list, createRandom(settings.seed + 1))
}

function withChanges(settings: WorldSettings, list: Conversation[], random: Random): World {
  const byId = new Map(list.map((conversation) => [conversation.id, conversation]))
  let rank = 0
  let clock = settings.until

  function placeAfter(updated: number, wantedRank: number): number {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const row = list[middle]
      const isBehind = !row || row.updated < updated || (row.updated === updated && row.rank < wantedRank)
      if (isBehind) high = middle
      else low = middle + 1
    }
    return low
  }

  function receive({ thread, text, outbound, at }: ReceiveOptions = {}): Arrival {
    clock = Math.max(clock, at ?? clock + random.below(3_000))
    const moment = at ?? clock
    rank += 1
    const conversation = thread === 'new' ? createNew(moment) : pick(thread)
    if (moment < conversation.updated * 1000) throw new Error('a message older than its conversation’s newest')
    const number = conversation.generated + conversation.received.length
    const message = {
      id: messageId(conversation, number),
      at: moment,
      outbound: outbound ?? random.chance(0.4),
      text: text ?? `Llegó ahora: ${number} 🙂`,
    }
    conversation.received.push(message)
    const place = list.indexOf(conversation)
    if (place >= 0) list.splice(place, 1)
    conversation.updated = Math.floor(moment / 1000)
    conversation.rank = rank
    list.splice(placeAfter(conversation.updated, rank), 0, conversation)
    return { conversation, message }
  }

  function createNew(moment: number): Conversation {
    const updated = Math.floor(moment / 1000)
    const made = createConversation(random, { number: byId.size, generated: 0, updated, state: 'sound', rank })
    byId.set(made.id, made)
    return made
  }

  function pick(thread: string | undefined): Conversation {
    const sound = thread === undefined ? list.filter(({ state }) => state !== 'malformed') : []
    const found = thread === undefined ? sound[random.below(sound.length)] : byId.get(thread)
    if (!found) throw new Error(`no conversation ${thread ?? 'to write in'}`)
    return found
  }

  return { settings, list, find: (threadId) => byId.get(threadId), placeAfter, receive }
}

export function messageId(conversation: Conversation, number: number): string {
  return `m_${conversation.number.toString(36)}-${number.toString(36)}_${conversation.idTail}`
}

function createConversation(
  random: Random,
  row: Pick<Conversation, 'number' | 'generated' | 'updated' | 'state' | 'rank'>,
): Conversation {
  const unique = String(row.number).padStart(7, '0')
  return {
    ...row,
    id: `t_${1 + random.below(9)}0${unique}${String(random.below(1e7)).padStart(7, '0')}`,
    psid: `${1 + random.below(9)}${String(random.below(1e8)).padStart(8, '0')}${unique}`,
    name: `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
    generatedUntil: row.updated,
    step: 20 + random.below(580),
    idTail: Array.from({ length: 48 }, () => ID_SIGNS.charAt(random.below(ID_SIGNS.length))).join(''),
    received: [],
  }
}

function stateByChance(random: Random, { flaws }: WorldSettings): Conversation['state'] {
  const drawn = random.next()
  let upTo = flaws.conversations
  if (drawn < upTo) return 'malformed'
  upTo += flaws.participantsMissing
  if (drawn < upTo) return 'participant missing'
  upTo += flaws.participantsMalformed
  return drawn < upTo ? 'participant malformed' : 'sound'
}

/** How many messages each conversation has: exactly so many in all, most conversations short, a few long. */
function threadSizes(random: Random, settings: WorldSettings): number[] {
  const { conversations, messages, emptyThreads } = settings
  const sizes = new Array<number>(conversations).fill(0)
  const deep = settings.deepThreads ?? (messages >= LARGE_WORLD && conversations > 1 ? [DEEP_THREAD] : [])
  const places = new Set<number>()
  while (places.size < Math.min(deep.length, conversations)) places.add(random.below(conversations))
  let left = messages
  for (const [i, place] of [...places].entries()) {
    const size = Math.min(left, deep[i] ?? 0)
    sizes[place] = size
    left -= size
  }
  const weights = sizes.map((_, place) => {
    if (places.has(place) || random.chance(emptyThreads)) return 0
    return -Math.log(1 - random.next()) * (random.chance(0.05) ? 4 : 1)
  })
  const filled = weights.flatMap((weight, place) => (weight > 0 ? [place] : []))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // One each as far as they go, the rest by weight; what rounding leaves goes to the first ones.
  const spread = Math.max(0, left - filled.length)
  for (const place of filled) {
    const size = Math.min(left, 1 + Math.floor((spread * (weights[place] ?? 0)) / total))
    sizes[place] = size
    left -= size
  }
  for (let i = 0; left > 0 && filled.length > 0; i += 1, left -= 1) {
    const place = filled[i % filled.length] ?? 0
    sizes[place] = (sizes[place] ?? 0) + 1
  }
  return sizes
}
