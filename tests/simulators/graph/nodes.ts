/** Conversations and messages as Graph's JSON, with the fields that were asked for and no others. */
import { attachmentJson } from './attachments.ts'
import type { Field, FieldTree } from './fields.ts'
import { malformedConversation, malformedMessage, otherParticipants, withoutPerson } from './malformed.ts'
import { type Message, messageAt, messageCount } from './messages.ts'
import type { WorldSettings } from './options.ts'
import type { Conversation } from './world.ts'

/** What a message has when no fields are named. */
export const DEFAULT_MESSAGE_FIELDS = 'id,created_time'
export const DEFAULT_CONVERSATION_FIELDS = 'id,link,updated_time'

const DAY = 86_400_000
let lastDay = { begins: 0, text: '1970-01-01' }

/** `2025-06-01T12:00:00+0000`. Neighbours mostly share a day, so the day is written once. */
export function graphTime(milliseconds: number): string {
  const begins = Math.floor(milliseconds / DAY) * DAY
  if (begins !== lastDay.begins) lastDay = { begins, text: new Date(begins).toISOString().slice(0, 10) }
  const seconds = Math.floor((milliseconds - begins) / 1000)
  return `${lastDay.text}T${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}+0000`
}

function two(value: number): string {
  return value < 10 ? `0${Math.floor(value)}` : String(Math.floor(value))
}

/** Writes one conversation's messages by their number. */
export function messageWriter(
  settings: WorldSettings,
  conversation: Conversation,
  fields: FieldTree,
): (number: number) => string {
  const [person, page] = [personJson(conversation, fields.get('from')), pageJson(settings, fields.get('from'))]
  const toPage = `,"to":{"data":[${pageJson(settings, fields.get('to'))}]}`
  const toPerson = `,"to":{"data":[${personJson(conversation, fields.get('to'))}]}`
  const fromPerson = `${fields.has('from') ? `,"from":${person}` : ''}${fields.has('to') ? toPage : ''}`
  const fromPage = `${fields.has('from') ? `,"from":${page}` : ''}${fields.has('to') ? toPerson : ''}`
  const [hasTime, hasText] = [fields.has('created_time'), fields.has('message')]
  const saysUnsupported = fields.has('is_unsupported') ? ',"is_unsupported":true' : ''

  function write(message: Message): string {
    const { id, at, outbound, state } = message
    const head = `{"id":"${id}"${hasTime ? `,"created_time":"${graphTime(at)}"` : ''}`
    if (state === 'bare') return `${head}}`
    const parties = outbound ? fromPage : fromPerson
    if (state === 'unsupported') return `${head}${parties}${hasText ? ',"message":""' : ''}${saysUnsupported}}`
    const text = hasText ? `,"message":${message.textJson}` : ''
    const unknown = state === 'odd' ? ',"something_new":{"deep":[1,null]}' : ''
    return `${head}${parties}${text}${message.attachment ? attachmentJson(message, fields) : ''}${unknown}}`
  }

  return (number) => {
    const message = messageAt(settings, conversation, number)
    return message.state === 'malformed' ? malformedMessage(write(message), message.hashed) : write(message)
  }
}

/** One element of the conversation list; `messages` is the nested list's JSON where it was asked for. */
export function conversationJson(
  settings: WorldSettings,
  conversation: Conversation,
  fields: FieldTree,
  messages: string | undefined,
): string {
  const { id, updated, state, number } = conversation
  let json = `{"id":"${id}"`
  if (fields.has('updated_time')) json += `,"updated_time":"${graphTime(updated * 1000)}"`
  if (fields.has('link')) json += `,"link":"/${settings.pageId}/inbox/${number}/"`
  if (fields.has('message_count')) json += `,"message_count":${messageCount(conversation)}`
  if (fields.has('can_reply')) json += ',"can_reply":true'
  for (const name of ['participants', 'senders'] as const) {
    const wanted = fields.get(name)
    if (!wanted) continue
    json += `,"${name}":{"data":[${personJson(conversation, wanted)},${pageJson(settings, wanted)}]}`
  }
  if (messages !== undefined) json += `,"messages":${messages}`
  json += '}'
  switch (state) {
    case 'sound':
      return json
    case 'malformed':
      return malformedConversation(json, number)
    case 'participant missing':
      return withoutPerson(json, number)
    case 'participant malformed':
      return otherParticipants(json, number)
  }
}

function pageJson({ pageId, pageName }: WorldSettings, field: Field | undefined): string {
  return partyJson({ name: pageName, email: `${pageId}@facebook.com`, id: pageId }, field)
}

/** Somebody without an id has none anywhere. */
function personJson({ state, psid, name }: Conversation, field: Field | undefined): string {
  if (state !== 'sound' && state !== 'malformed') return partyJson({ name: 'Facebook user' }, field)
  return partyJson({ name, email: `${psid}@facebook.com`, id: psid }, field)
}

function partyJson(party: { name: string; email?: string; id?: string }, field: Field | undefined): string {
  if (!field?.fields) return JSON.stringify(party)
  const chosen = Object.entries(party).filter(([name]) => name === 'id' || field.fields?.has(name))
  return JSON.stringify(Object.fromEntries(chosen))
}
