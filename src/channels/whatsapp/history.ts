import type { Identity } from '../../contract/inbound.ts'
import { jsonPath } from '../../lib/json.ts'
import { malformed, type Reading, rejected } from '../deliveries.ts'
import { digits, identitiesOf, shareIdentity } from './identities.ts'
import { messageEvent } from './message.ts'
import { about, checkMessage, parentId, type ValueContext } from './reading.ts'
import { historyChunkSchema, historyThreadSchema, type WhatsappMessage } from './schema.ts'

/**
 * Reads one chunk of a connected business app's chat history: an event per message, an item per thread that has none,
 * a rejection per error. https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history/
 */
export function readHistory(context: ValueContext, chunk: unknown, path: string): void {
  const { collector, account } = context
  const parsed = historyChunkSchema.safeParse(chunk)
  if (!parsed.success) {
    collector.translate(account, chunk, path, () => malformed(parsed.error))
    return
  }
  const errors = parsed.data.errors ?? []
  const threads = parsed.data.threads ?? []
  errors.forEach((error, i) => {
    collector.reject(account, 'history_declined', `${path}.errors[${i}]`, error)
  })
  threads.forEach((thread, i) => {
    readThread(context, thread, `${path}.threads[${i}]`)
  })
  if (errors.length + threads.length === 0) collector.reject(account, 'nothing_to_read', path, chunk)
}

function readThread(context: ValueContext, thread: unknown, path: string): void {
  const { collector, account, waba, contacts } = context
  const parsed = historyThreadSchema.safeParse(thread)
  if (!parsed.success) {
    collector.translate(account, thread, path, () => malformed(parsed.error))
    return
  }
  const { id, context: person, messages } = parsed.data
  const identities = identitiesOf(waba, [id, person?.wa_id], [person?.user_id])
  messages?.forEach((message, i) => {
    collector.translate(account, message, jsonPath(path, ['messages', i]), (raw) =>
      readHistoryMessage(context, raw, identities),
    )
  })
  if (messages?.length) return
  collector.translate(account, thread, path, () => {
    const known = contacts.person(identities)
    return known ? { ok: true, participant: known.participant } : rejected('no_participant', 'id')
  })
}

/** A message of the past, inbound or outbound. `thread` are the other person's ids; none are known outside a thread. */
export function readHistoryMessage(context: ValueContext, raw: unknown, thread: readonly Identity[]): Reading {
  const checked = checkMessage(raw)
  if (!checked.ok) return checked
  const { message } = checked
  const { waba, contacts } = context
  const from = identitiesOf(waba, [message.from], [message.from_user_id])
  const direction = directionOf(context, message, from, thread)
  if (!direction) return rejected('unknown_direction', 'from')
  const to = identitiesOf(waba, [message.to], [message.to_user_id])
  const others = direction === 'inbound' ? from : to
  const person = contacts.person(thread.length > 0 ? thread : others)
  const origin = { direction, isHistory: true, extra: parentId(person) }
  return about(person, direction === 'inbound' ? 'from' : 'to', messageEvent(message, origin))
}

/** The business's number as sender, or a recipient at all, says outbound; the thread's person as sender says inbound. */
function directionOf(
  { businessNumber }: ValueContext,
  { from: sender, to, to_user_id }: WhatsappMessage,
  from: readonly Identity[],
  thread: readonly Identity[],
): 'inbound' | 'outbound' | undefined {
  if (sender && digits(sender) === businessNumber) return 'outbound'
  if (shareIdentity(from, thread)) return 'inbound'
  if (to || to_user_id) return 'outbound'
  return from.length > 0 && businessNumber !== '' ? 'inbound' : undefined
}
