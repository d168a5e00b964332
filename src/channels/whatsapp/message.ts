import type { InboundEvent, ProviderTime } from '../../contract/inbound.ts'
import { fieldsExcept, isRecord, optionalPayload } from '../../lib/json.ts'
import { editedContentSchema, type WhatsappMessage } from './schema.ts'

export interface MessageOrigin {
  direction: 'inbound' | 'outbound'
  /** Sent from the business app beside the API. */
  isEcho?: boolean
  /** From before the number was connected. */
  isHistory?: boolean
  /** Added to the payload. */
  extra?: Record<string, unknown>
}

/** WhatsApp's seconds come as a string of digits: the number. Anything else as it came, for the database to judge. */
export function whatsappTime(time: ProviderTime): ProviderTime {
  return typeof time === 'string' && /^-?\d{1,15}$/.test(time) ? Number(time) : time
}

/** The event a message of any type stands for. `message` has passed the schema. */
export function messageEvent(message: WhatsappMessage, origin: MessageOrigin): InboundEvent {
  const time = whatsappTime(message.timestamp)
  const added = { ...origin.extra, ...(origin.isEcho ? { is_echo: true } : {}) }
  // An event that is no message has no field of its own for the history.
  const payload = (type: string, fields: Record<string, unknown>) => ({
    ...fieldsExcept(message, ...ENVELOPE, type),
    ...fields,
    ...added,
    ...(origin.isHistory ? { is_history: true } : {}),
    id: message.id,
  })
  const { reaction, edit, revoke } = message
  if (message.type === 'reaction' && reaction) {
    const action = reaction.emoji ? 'react' : 'unreact'
    const fields = { ...fieldsExcept(reaction, 'message_id'), action }
    return other('reaction', time, reaction.message_id, payload('reaction', fields))
  }
  if (message.type === 'edit' && edit) {
    const number = typeof time === 'number' ? { num_edit: editNumber(time, message.id) } : {}
    const fields = { ...fieldsExcept(edit, 'original_message_id'), text: editedText(edit.message), ...number }
    return other('edit', time, edit.original_message_id, payload('edit', fields))
  }
  if (message.type === 'revoke' && revoke) {
    const fields = fieldsExcept(revoke, 'original_message_id')
    return other('unsend', time, revoke.original_message_id, payload('revoke', fields))
  }
  if (message.type === 'system') {
    return other('system', time, message.id, payload('', {}))
  }
  const text = textOf(message)
  const attachments = attachmentsOf(message)
  return {
    type: 'message',
    direction: origin.direction,
    provider_message_id: message.id,
    occurred_at: time,
    ...(text === undefined ? {} : { text }),
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(message.context?.id ? { reply_to: message.context.id } : {}),
    ...(origin.isHistory ? { is_history: true } : {}),
    payload: {
      ...fieldsExcept(message, ...ENVELOPE, 'text', 'contacts', ...MEDIA),
      ...restOfText(message),
      ...added,
      type: message.type,
    },
  }
}

/** Fields that have a place of their own in an event. */
const ENVELOPE = ['id', 'timestamp', 'type', 'from', 'from_user_id', 'to', 'to_user_id']
const MEDIA = ['image', 'video', 'document', 'audio', 'sticker', 'location', 'order'] as const

/** A text may carry more than its body. */
function restOfText({ text }: WhatsappMessage): Record<string, unknown> {
  const rest = fieldsExcept(text, 'body')
  return Object.keys(rest).length > 0 ? { text: rest } : {}
}

/** What a person would read: the body, a caption, or the title of the button that was pressed. */
function textOf({ text, image, video, document, button, interactive, order }: WhatsappMessage): string | undefined {
  return (
    text?.body ??
    image?.caption ??
    video?.caption ??
    document?.caption ??
    button?.text ??
    interactive?.button_reply?.title ??
    interactive?.list_reply?.title ??
    interactive?.nfm_reply?.body ??
    order?.text ??
    undefined
  )
}

function attachmentsOf(message: WhatsappMessage): Record<string, unknown>[] {
  const media = MEDIA.flatMap((type) => (message[type] ? [{ ...message[type], type }] : []))
  const cards = (message.contacts ?? []).map((card) => ({
    ...(isRecord(card) ? card : { value: card }),
    type: 'contacts',
  }))
  return [...media, ...cards]
}

/**
 * There is no running number of the edit: its time takes that place, so that a later edit has the greater one. Times are
 * whole seconds; the edit's own id tells two of the same second apart, the same way whichever comes first.
 */
function editNumber(seconds: number, id: string): number {
  let hash = 0
  for (let i = 0; i < id.length; i += 1) hash = (hash * 31 + id.charCodeAt(i)) % 1000
  return Math.trunc(seconds) * 1000 + hash
}

/** The text after an edit: '' where only a caption can have been removed, undefined where there is no telling. */
function editedText(content: unknown): string | undefined {
  const parsed = editedContentSchema.safeParse(content)
  if (!parsed.success) return undefined
  const { text, image, video, document } = parsed.data
  const media = image ?? video ?? document
  return text?.body ?? (media ? (media.caption ?? '') : undefined)
}

function other(type: string, time: ProviderTime, messageId: string, payload: Record<string, unknown>): InboundEvent {
  return { type, occurred_at: time, provider_message_id: messageId, ...optionalPayload(payload) }
}
