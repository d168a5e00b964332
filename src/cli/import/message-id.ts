import { createHash } from 'node:crypto'
import type { Identity, ProviderTime } from '../../contract/inbound.ts'
import { IDENTITY_KINDS } from '../../contract/kinds.ts'
import { epochMs } from './person-fields.ts'

/** What says which message it is when the provider's id is not known. */
export interface UnnamedMessage {
  thread_id?: string
  participant?: { identities?: Identity[]; wa_id?: string } | undefined
  direction: 'inbound' | 'outbound'
  sent_at: ProviderTime
  text?: string
  /** The how-manieth of messages that are otherwise equal it is: 1 when left out. */
  occurrence?: number
}

/** Ids that name a conversation by the person in it, the first of these that is there. */
const PARTICIPANT_KINDS = IDENTITY_KINDS.filter((kind) => kind.namesConversationOn !== null).map(({ kind }) => kind)

/**
 * An id for a message that has none: the same for the same conversation, time, direction, text and occurrence, whichever
 * table, file or line it comes from. The conversation is its participant's id on the channel, or else its thread.
 */
export function generatedMessageId(message: UnnamedMessage): string {
  const { direction, text = '', occurrence = 1 } = message
  const key = JSON.stringify([conversationOf(message), epochMs(message.sent_at), direction, text, occurrence])
  return `import:${createHash('sha256').update(key).digest('hex')}`
}

function conversationOf({ thread_id, participant }: UnnamedMessage): string {
  const identities = [...(participant?.identities ?? [])]
  if (participant?.wa_id?.trim()) identities.push({ kind: 'wa_id', value: participant.wa_id })
  for (const kind of PARTICIPANT_KINDS) {
    const values = identities.filter((identity) => identity.kind === kind).map(({ value }) => value.trim())
    const [first] = values.map((value) => (kind === 'wa_id' ? value.replace(/^\+/, '') : value)).toSorted()
    if (first !== undefined) return `${kind}:${first}`
  }
  if (thread_id !== undefined) return `thread:${thread_id.trim()}`
  return `person:${JSON.stringify(participant?.identities ?? [])}`
}
