/**
 * Graph's conversations and messages as InboundItems, in the shape that a webhook's copy of the same message has: the
 * two are one message, and neither adds anything to the other. Pure.
 */

import type { InboundEvent, InboundItem, MessageEvent, Participant } from '../../../contract/inbound.ts'
import { cleanJson, isStorableText } from '../../../lib/clean-text.ts'
import {
  type GraphAttachment,
  type GraphConversation,
  type GraphMessage,
  type GraphParticipant,
  hasParty,
} from './schema.ts'

/** Whose conversation it is, as the items of its messages name it. */
export interface Thread {
  id: string
  /** The person; null where Graph named nobody usable. */
  participant: { id: string; name?: string | undefined } | null
  /** Milliseconds since 1970. */
  updatedAt: number | null
}

export function threadOf({ id, updatedAt, participants }: GraphConversation, pageId: string): Thread {
  const person = participants.find((participant) => participant.id !== pageId)
  return { id, participant: person ? described(person) : null, updatedAt }
}

function described({ id, name }: GraphParticipant): Thread['participant'] {
  const text = name ? cleaned(name).trim() : ''
  return text === '' ? { id } : { id, name: text }
}

/** The item of these messages of a thread; one without messages opens the conversation. */
export function itemOf(thread: Thread, messages: readonly GraphMessage[], pageId: string): InboundItem {
  return {
    thread_id: thread.id,
    ...(thread.participant ? { participant: participantOf(thread.participant, pageId) } : {}),
    ...(thread.updatedAt === null ? {} : { updated_at: thread.updatedAt }),
    events: messages.map((message) => eventOf(message, pageId)),
  }
}

function participantOf({ id, name }: NonNullable<Thread['participant']>, pageId: string): Participant {
  const identities: Participant['identities'] = [{ kind: 'psid', scope: pageId, value: id }]
  return name === undefined ? { identities } : { identities, full_name: name }
}

function eventOf(message: GraphMessage, pageId: string): InboundEvent {
  if (!hasParty(message)) return unavailable(message)
  const event: MessageEvent = {
    type: 'message',
    direction: isFromPage(message, pageId) ? 'outbound' : 'inbound',
    provider_message_id: message.id,
    occurred_at: message.created_time,
  }
  const payload: Record<string, unknown> = {}
  if (message.message) {
    event.text = cleaned(message.message)
    if (event.text !== message.message) payload.sanitized = true
  }
  if (message.attachments || message.sticker || message.shares) {
    const { value, changed } = cleanJson(attachmentsOf(message))
    if (Array.isArray(value) && value.length > 0) event.attachments = value
    if (changed.length > 0) payload.sanitized = true
  }
  if (message.reply_to?.mid) event.reply_to = message.reply_to.mid
  if (message.is_unsupported) payload.is_unsupported = true
  if (message.is_unsupported || message.error) payload.unavailable = true
  return Object.keys(payload).length > 0 ? { ...event, payload } : event
}

/**
 * A message of which Graph tells only that it is there: nobody knows which way it went, so it is no message yet, and surely
 * no deletion. A copy that knows more becomes the message.
 */
function unavailable({ id, created_time }: GraphMessage): InboundEvent {
  return { type: 'unavailable', occurred_at: created_time, provider_message_id: id, payload: { unavailable: true } }
}

/** Where the sender is withheld, the receiver tells. */
function isFromPage({ from, to }: GraphMessage, pageId: string): boolean {
  return from?.id ? from.id === pageId : !to?.data.some(({ id }) => id === pageId)
}

function attachmentsOf({ attachments, sticker, shares }: GraphMessage): object[] {
  const files = (attachments?.data ?? []).map(attachmentOf)
  const isShown = attachments?.data.some(({ image_data }) => image_data?.url)
  return [
    ...files,
    // A sticker comes as an image where Graph gives it both ways.
    ...(sticker && !isShown ? [{ type: 'image', payload: { url: sticker } }] : []),
    ...(shares?.data ?? []).map(({ link, name }) => ({
      type: 'fallback',
      payload: { ...(link ? { url: link } : {}), ...(name ? { title: name } : {}) },
    })),
  ]
}

function attachmentOf(file: GraphAttachment): object {
  const address = file.image_data?.url ?? file.video_data?.url ?? file.file_url
  if (address) return { type: typeOf(file), payload: { url: address } }
  if (file.generic_template) return { type: 'template', payload: file.generic_template }
  // Nothing to fetch it by: what is known of it is kept.
  return { type: typeOf(file), payload: Object.fromEntries(['id', 'name'].flatMap((key) => known(file, key))) }
}

function known(file: GraphAttachment, key: string): [string, unknown][] {
  return Object.entries(file).filter(([name, value]) => name === key && value)
}

function typeOf({ image_data, video_data, mime_type }: GraphAttachment): string {
  if (image_data) return 'image'
  if (video_data) return 'video'
  return /^(image|video|audio)\//.exec(mime_type ?? '')?.[1] ?? 'file'
}

function cleaned(text: string): string {
  return isStorableText(text) ? text : String(cleanJson(text).value)
}
