/** What must be in the database in the end: everything Graph tells in a usable form, whatever happened on the way. */
import { z } from 'zod'
import { type Message, messageAt, messageCount } from './messages.ts'
import type { Conversation, World } from './world.ts'

export const expectedMessageSchema = z.object({
  id: z.string(),
  /** Null where Graph does not say who wrote it. */
  direction: z.enum(['inbound', 'outbound']).nullable(),
  /** Seconds of Graph, in milliseconds since 1970. */
  at: z.int(),
  /** As a database can store it; null where there is none. */
  text: z.string().nullable(),
  attachment: z.enum(['image', 'file', 'video', 'audio', 'sticker', 'share']).nullable(),
  /** Graph says no more than that it exists. */
  isUnavailable: z.boolean(),
})

export const expectedConversationSchema = z.object({
  id: z.string(),
  participant: z.object({ psid: z.string(), name: z.string() }).nullable(),
  updatedAt: z.int(),
  /** Oldest first. */
  messages: z.array(expectedMessageSchema),
})

export const expectedTotalsSchema = z.object({
  conversations: z.int(),
  participants: z.int(),
  messages: z.int(),
  /** What must be set aside. Messages of malformed conversations are not counted. */
  malformed: z.object({ conversations: z.int(), participants: z.int(), messages: z.int() }),
})

export type ExpectedMessage = z.infer<typeof expectedMessageSchema>
export type ExpectedConversation = z.infer<typeof expectedConversationSchema>
export type ExpectedTotals = z.infer<typeof expectedTotalsSchema>

/** In the order of the list now; one at a time, so that a large world does not fill the memory. */
export function* expectedConversations(world: World): Generator<ExpectedConversation> {
  for (const conversation of world.list) {
    const { id, psid, name, updated, state } = conversation
    if (state === 'malformed') continue
    const participant = state === 'sound' ? { psid, name } : null
    const messages: ExpectedMessage[] = []
    for (const message of readable(world, conversation)) {
      if (message.state !== 'malformed') messages.push(expectedMessage(conversation, message))
    }
    yield { id, participant, updatedAt: updated * 1000, messages }
  }
}

export function expectedTotals(world: World): ExpectedTotals {
  const totals = {
    conversations: 0,
    participants: 0,
    messages: 0,
    malformed: { conversations: 0, participants: 0, messages: 0 },
  }
  for (const conversation of world.list) {
    if (conversation.state === 'malformed') {
      totals.malformed.conversations += 1
      continue
    }
    totals.conversations += 1
    if (conversation.state === 'sound') totals.participants += 1
    if (conversation.state === 'participant malformed') totals.malformed.participants += 1
    for (const { state } of readable(world, conversation)) {
      if (state === 'malformed') totals.malformed.messages += 1
      else totals.messages += 1
    }
  }
  return totals
}

function* readable({ settings }: World, conversation: Conversation): Generator<Message> {
  const count = messageCount(conversation)
  const hidden = settings.detail?.older === 'error' ? Math.max(0, count - settings.detail.newest) : 0
  for (let number = hidden; number < count; number += 1) yield messageAt(settings, conversation, number)
}

function expectedMessage({ state: people }: Conversation, message: Message): ExpectedMessage {
  const { id, at, outbound, textJson, attachment, state } = message
  const isBare = state === 'bare'
  const text = isBare || state === 'unsupported' ? '' : storable(z.string().parse(JSON.parse(textJson)))
  const inbound = people === 'sound' ? ('inbound' as const) : null
  return {
    id,
    direction: isBare ? null : outbound ? 'outbound' : inbound,
    at: Math.floor(at / 1000) * 1000,
    text: text === '' ? null : text,
    attachment: isBare ? null : attachment,
    isUnavailable: isBare || state === 'unsupported',
  }
}

/** Without NUL, and with U+FFFD for what is no character. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}
