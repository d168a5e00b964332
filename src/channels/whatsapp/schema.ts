/**
 * What a WhatsApp Cloud API webhook must hold to be translated. Only fields that are read are named; all others pass.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
 */
import { z } from 'zod'
import { optionalId, optionalText, providerTime, requiredId } from '../field-schemas.ts'

export const envelopeSchema = z.looseObject({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(z.unknown()),
})

/** One WhatsApp Business Account's share; its id is the scope of business-scoped user ids. Its `changes` are read one by one. */
export const entrySchema = z.looseObject({ id: requiredId })

export const changeSchema = z.looseObject({ field: z.string(), value: z.looseObject({}) })

/** The value of every field that concerns one phone number. Its lists are read element by element. */
export const phoneNumberValueSchema = z.looseObject({
  metadata: z.looseObject({ phone_number_id: requiredId, display_phone_number: optionalText }),
})

export const contactSchema = z.looseObject({
  wa_id: optionalId,
  user_id: optionalId,
  parent_user_id: optionalText,
  username: optionalText,
  profile: z.looseObject({ name: optionalText, username: optionalText }).nullish(),
})

const content = z.looseObject({})
const media = z.looseObject({ caption: optionalText })
const reply = z.looseObject({ title: optionalText }).nullish()

/** A message in any list: inbound, echoed by the business app, or from the history. */
export const messageSchema = z.looseObject({
  id: requiredId,
  timestamp: providerTime,
  type: z.string().min(1),
  from: optionalId,
  from_user_id: optionalId,
  to: optionalId,
  to_user_id: optionalId,
  context: z.looseObject({ id: optionalId }).nullish(),
  text: z.looseObject({ body: z.string() }).nullish(),
  image: media.nullish(),
  video: media.nullish(),
  document: media.nullish(),
  audio: media.nullish(),
  sticker: media.nullish(),
  location: content.nullish(),
  contacts: z.array(z.unknown()).nullish(),
  order: z.looseObject({ text: optionalText }).nullish(),
  button: z.looseObject({ text: optionalText }).nullish(),
  interactive: z
    .looseObject({
      button_reply: reply,
      list_reply: reply,
      nfm_reply: z.looseObject({ body: optionalText }).nullish(),
    })
    .nullish(),
  reaction: z.looseObject({ message_id: requiredId, emoji: optionalText }).nullish(),
  edit: z.looseObject({ original_message_id: requiredId, message: z.unknown().optional() }).nullish(),
  revoke: z.looseObject({ original_message_id: requiredId }).nullish(),
  system: z
    .looseObject({
      type: optionalText,
      wa_id: optionalId,
      new_wa_id: optionalId,
      previous_wa_id: optionalId,
      customer: optionalId,
      user_id: optionalId,
      previous_user_id: optionalId,
    })
    .nullish(),
})
export type WhatsappMessage = z.infer<typeof messageSchema>

/** Types that are unreadable without their content. Any other type is a message with whatever it carries. */
export const TYPES_WITH_CONTENT: ReadonlySet<string> = new Set([
  'text',
  'image',
  'video',
  'document',
  'audio',
  'sticker',
  'location',
  'contacts',
  'order',
  'button',
  'interactive',
  'reaction',
  'edit',
  'revoke',
  'system',
])

/** The new text in an edit: a text's body or a media message's caption. */
export const editedContentSchema = z.looseObject({
  text: z.looseObject({ body: optionalText }).nullish(),
  image: media.nullish(),
  video: media.nullish(),
  document: media.nullish(),
})

export const statusSchema = z.looseObject({
  id: requiredId,
  status: z.string().min(1),
  timestamp: providerTime,
  recipient_id: optionalId,
  recipient_user_id: optionalId,
  recipient_type: optionalText,
  errors: z.array(content).nullish(),
})
export const knownStatusSchema = z.enum(['sent', 'delivered', 'read', 'failed'])

/** One chunk of the history: threads when the business shared it, errors when it did not. */
export const historyChunkSchema = z.looseObject({
  threads: z.array(z.unknown()).nullish(),
  errors: z.array(z.unknown()).nullish(),
})

export const historyThreadSchema = z.looseObject({
  id: optionalId,
  context: z.looseObject({ wa_id: optionalId, user_id: optionalId }).nullish(),
  messages: z.array(z.unknown()).nullish(),
})

/** The older notice of a changed user id, a field of its own. */
export const userIdUpdateSchema = z.looseObject({
  wa_id: optionalId,
  timestamp: providerTime.nullish(),
  user_id: z.looseObject({ previous: optionalId, current: optionalId }),
})
