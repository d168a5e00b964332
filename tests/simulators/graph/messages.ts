/** A conversation's messages, made when they are asked for: number 0 is the oldest, and the same number is always the same. */
import { hash, partOf } from './hash.ts'
import type { WorldSettings } from './options.ts'
import { type Conversation, messageId } from './world.ts'

export interface Message {
  id: string
  /** Milliseconds since 1970. */
  at: number
  outbound: boolean
  /** JSON, since most are served and few are looked at. */
  textJson: string
  attachment: 'image' | 'file' | 'video' | 'audio' | 'sticker' | 'share' | null
  /** Bare: too old to be read in detail. */
  state: 'plain' | 'odd' | 'unsupported' | 'malformed' | 'bare'
  /** For what else is drawn about it. */
  hashed: number
}

/** Beginnings of texts as JSON strings without their end; a number follows, so that few texts are alike. */
const SAYINGS = [
  'Hola',
  '👍',
  '¿Qué precio tiene la puerta de 80 cm, con marco e instalación en Cali?',
  'Buenas tardes, le confirmo que su pedido salió hoy de la bodega y llega mañana antes del mediodía.',
  'Necesito una cita\npara mañana',
  'Gracias 🙏🏽👨‍👩‍👧',
  'Ella dijo: "mañana" \\ o nunca',
  'مرحبا — ¿hablan árabe?',
  'Le envío la cotización de los seis galones de pintura, dos rodillos, una brocha y el sellador que me pidió ayer. '.repeat(
    2,
  ),
  'ok',
].map((text) => JSON.stringify(text).slice(0, -1))

/** Text that no database stores as it is. */
const ODD_TEXTS = ['nul\u0000l', 'solo \ud83d', '\udc00 y \u0000'].map((text) => JSON.stringify(text).slice(0, -1))

const ATTACHMENTS = ['image', 'image', 'image', 'file', 'video', 'audio', 'sticker', 'share'] as const

export function messageCount(conversation: Conversation): number {
  return conversation.generated + conversation.received.length
}

export function messageAt(settings: WorldSettings, conversation: Conversation, number: number): Message {
  const hashed = hash(settings.seed, conversation.number, number)
  const isBare = settings.detail !== undefined && messageCount(conversation) - number > settings.detail.newest
  const received = conversation.received[number - conversation.generated]
  const state = isBare ? 'bare' : 'plain'
  if (received) {
    const { id, at, outbound, text } = received
    return { id, at, outbound, textJson: JSON.stringify(text), attachment: null, state, hashed }
  }
  // Two messages share each moment, so a page can end between messages of the same second.
  const stepsBack = (conversation.generated - 1 - number) >>> 1
  const attachment = hashed % 12 === 0 ? (ATTACHMENTS[(hashed >>> 8) % ATTACHMENTS.length] ?? null) : null
  const flaw = flawByChance(settings, conversation, number)
  return {
    id: messageId(conversation, number),
    at: (conversation.generatedUntil - stepsBack * conversation.step) * 1000,
    outbound: (hashed & 0x40) !== 0,
    textJson: flaw === 'odd' ? textOf(ODD_TEXTS, hashed, number) : textJsonOf(attachment, hashed, number),
    attachment: flaw === 'unsupported' ? null : attachment,
    state: isBare && flaw !== 'malformed' ? 'bare' : flaw,
    hashed,
  }
}

function flawByChance({ seed, flaws }: WorldSettings, conversation: Conversation, number: number): Message['state'] {
  const all = flaws.messages + flaws.oddMessages + flaws.unsupported
  if (all === 0) return 'plain'
  const drawn = partOf(hash(seed ^ 0x5bd1e995, conversation.number, number))
  if (drawn < flaws.messages) return 'malformed'
  if (drawn < flaws.messages + flaws.oddMessages) return 'odd'
  return drawn < all ? 'unsupported' : 'plain'
}

/** What has an attachment mostly has no text. */
function textJsonOf(attachment: Message['attachment'], hashed: number, number: number): string {
  return attachment && (hashed & 0x700000) !== 0 ? '""' : textOf(SAYINGS, hashed, number)
}

function textOf(texts: readonly string[], hashed: number, number: number): string {
  return `${texts[(hashed >>> 12) % texts.length]} ${number}"`
}
