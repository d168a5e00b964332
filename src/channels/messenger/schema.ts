/**
 * What a Messenger webhook must hold to be translated. Only fields that are read are named; all others pass untouched.
 * https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
 */
import { z } from 'zod'
import { optionalId, optionalText, providerTime, requiredId } from '../field-schemas.ts'

export const envelopeSchema = z.looseObject({ object: z.literal('page'), entry: z.array(z.unknown()) })

/** One page's share. Its `messaging`, `standby` and `changes` are read element by element. */
export const entrySchema = z.looseObject({ id: requiredId })

const party = z.looseObject({ id: optionalId }).nullish()
const content = z.looseObject({})

/** What all events share. A time may be missing: only a message must have one. */
export const eventSchema = z.looseObject({ sender: party, recipient: party, timestamp: providerTime.nullish() })

/** A message, an echo of one sent by the page, or the notice that one was deleted. */
export const messageSchema = eventSchema.extend({
  timestamp: providerTime,
  message: z.looseObject({
    mid: requiredId,
    text: optionalText,
    attachments: z.array(z.unknown()).nullish(),
    reply_to: z.looseObject({ mid: optionalId }).nullish(),
    is_echo: z.boolean().nullish(),
    is_deleted: z.boolean().nullish(),
    quick_reply: content.nullish(),
    referral: content.nullish(),
  }),
})

export const unsendSchema = eventSchema.extend({ message_unsend: z.looseObject({ mid: requiredId }) })

export const editSchema = eventSchema.extend({
  message_edit: z.looseObject({ mid: requiredId, text: z.string(), num_edit: z.number() }),
})

export const reactionSchema = eventSchema.extend({
  reaction: z.looseObject({ mid: requiredId, action: z.string(), reaction: optionalText, emoji: optionalText }),
})

export const deliverySchema = eventSchema.extend({
  delivery: z.looseObject({ watermark: providerTime, mids: z.array(z.string()).nullish() }),
})

export const readSchema = eventSchema.extend({ read: z.looseObject({ watermark: providerTime }) })

export const postbackSchema = eventSchema.extend({
  postback: z.looseObject({ mid: optionalId, title: optionalText, payload: optionalText, referral: content.nullish() }),
})

export const referralSchema = eventSchema.extend({ referral: content })
