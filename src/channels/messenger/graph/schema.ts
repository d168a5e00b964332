/**
 * What Graph's answers must hold to be translated, and how an answer is read of which parts do not: each part of a wrong
 * form is set aside with its path, and the rest is read. A well-formed answer, which is nearly every one, is one parse.
 * https://developers.facebook.com/docs/graph-api/reference/page/conversations/
 */
import { z } from 'zod'
import type { RejectedItem } from '../../../contract/inbound.ts'
import { isRecord, jsonPath } from '../../../lib/json.ts'
import { firstProblem, type RejectionReason, storable } from '../../deliveries.ts'
import { optionalId, optionalText, requiredId } from '../../field-schemas.ts'

/** Something set aside, with the kind of thing it is: validation is counted by it. */
export interface GraphRejection extends RejectedItem {
  what: 'conversations' | 'participants' | 'messages'
}

/** A time, `2026-11-20T10:00:00+0000` as Graph writes it; the zone may have a colon or be Z. Read as milliseconds since 1970. */
const graphTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/)
  .transform((text) => Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')))
  .refine((time) => Number.isFinite(time))

const Party = z.object({ id: optionalId, name: optionalText })
const Participant = z.object({ id: requiredId, name: optionalText })

const url = z.string().min(1).nullish()
const Attachment = z.object({
  id: optionalText,
  mime_type: optionalText,
  name: optionalText,
  file_url: url,
  image_data: z.object({ url }).nullish(),
  video_data: z.object({ url }).nullish(),
  generic_template: z.looseObject({}).nullish(),
})
const Share = z.object({ link: url, name: optionalText })

/** Where a list continues: only when there is a `next`. */
const Paging = z.object({ cursors: z.object({ after: optionalText }).nullish(), next: optionalText }).nullish()

const MessageFields = z.object({
  id: requiredId,
  created_time: graphTime,
  from: Party.nullish(),
  to: z.object({ data: z.array(Party) }).nullish(),
  message: optionalText,
  attachments: z.object({ data: z.array(Attachment) }).nullish(),
  sticker: url,
  shares: z.object({ data: z.array(Share) }).nullish(),
  reply_to: z.object({ mid: optionalId }).nullish(),
  is_unsupported: z.boolean().nullish(),
  /** In the place of what an old or deleted message held. */
  error: z.object({ code: z.number().nullish(), error_subcode: z.number().nullish() }).nullish(),
})

/** Either side says which way a message went; what is too old to be read in detail has neither, and says nothing. */
const Message = MessageFields.refine((message) => hasParty(message) || !hasContent(message), { path: ['from'] })

export function hasParty({ from, to }: z.output<typeof MessageFields>): boolean {
  return Boolean(from?.id) || to?.data.some(({ id }) => id) === true
}

function hasContent({ message, attachments, sticker, shares }: z.output<typeof MessageFields>): boolean {
  return Boolean(message || attachments || sticker || shares)
}

const MessageList = z.object({ data: z.array(Message), paging: Paging })

const Conversation = z.object({
  id: requiredId,
  updated_time: graphTime.nullish(),
  participants: z.object({ data: z.array(Participant) }).nullish(),
  messages: MessageList.nullish(),
})

const Summary = z.object({ total_count: z.int().nonnegative() }).nullish().catch(null)
const ConversationList = z.object({ data: z.array(Conversation), paging: Paging, summary: Summary })

/** The same, their parts not looked at yet. */
const AnyList = z.object({ data: z.array(z.unknown()), paging: z.unknown().optional(), summary: Summary })
const AnyConversation = z.object({
  id: requiredId,
  updated_time: z.unknown().optional(),
  participants: z.unknown().optional(),
  messages: z.unknown().optional(),
})

export type GraphMessage = z.output<typeof Message>
export type GraphAttachment = z.output<typeof Attachment>
export type GraphParticipant = z.output<typeof Participant>

export interface GraphMessages {
  messages: GraphMessage[]
  rest: Rest
}

/** What follows a page: nothing, what comes after a cursor, or something that cannot be named (`after` null). */
export type Rest = { after: string | null } | undefined

export interface GraphConversation {
  id: string
  updatedAt: number | null
  participants: GraphParticipant[]
  messages: GraphMessage[]
  /** Of its messages. */
  rest: Rest
}

/** A page of conversations. Undefined unless it is one. */
export interface ConversationsAnswer {
  conversations: GraphConversation[]
  rest: Rest
  /** How many there are in all, where Graph says so. */
  total: number | null
  rejected: GraphRejection[]
}

export interface MessagesAnswer {
  messages: GraphMessage[]
  rest: Rest
  rejected: GraphRejection[]
}

/** Reads a page of a conversation list; undefined when the answer is none. */
export function readConversations(answer: unknown): ConversationsAnswer | undefined {
  const whole = ConversationList.safeParse(answer)
  if (whole.success) {
    const { data, paging, summary } = whole.data
    const conversations = data.map(({ id, updated_time, participants, messages }) => ({
      id,
      updatedAt: updated_time ?? null,
      participants: participants?.data ?? [],
      messages: messages?.data ?? [],
      rest: restOf(messages?.paging),
    }))
    return { conversations, rest: restOf(paging), total: summary?.total_count ?? null, rejected: [] }
  }
  const list = AnyList.safeParse(answer)
  if (!list.success) return undefined
  const parts = new Parts()
  const conversations = list.data.data.flatMap((raw, i) => parts.conversation(raw, `$.data[${i}]`))
  const total = list.data.summary?.total_count ?? null
  return { conversations, rest: readRest(list.data.paging), total, rejected: parts.rejected }
}

/** Reads a page of a thread's messages; undefined when the answer is none. */
export function readMessages(answer: unknown): MessagesAnswer | undefined {
  const whole = MessageList.safeParse(answer)
  if (whole.success) return { messages: whole.data.data, rest: restOf(whole.data.paging), rejected: [] }
  const parts = new Parts()
  const list = parts.messages(answer, '$')
  return list && { ...list, rejected: parts.rejected }
}

/** Reads an answer part by part, and sets aside what is of a wrong form. */
class Parts {
  readonly rejected: GraphRejection[] = []

  conversation(raw: unknown, path: string): GraphConversation[] {
    const parsed = AnyConversation.safeParse(raw)
    if (!parsed.success) {
      this.#reject('conversations', path, raw, parsed.error)
      return []
    }
    const { id, updated_time, participants, messages } = parsed.data
    const people = AnyList.nullish().safeParse(participants)
    if (!people.success) this.#reject('participants', `${path}.participants`, participants, people.error)
    const said = messages === undefined || messages === null ? NOTHING : this.messages(messages, `${path}.messages`)
    if (!said) this.#reject('messages', `${path}.messages`, messages)
    return [
      {
        id,
        updatedAt: this.#part('conversations', graphTime.nullish(), updated_time, `${path}.updated_time`) ?? null,
        participants: (people.data?.data ?? []).flatMap(
          (person, i) => this.#part('participants', Participant, person, `${path}.participants.data[${i}]`) ?? [],
        ),
        ...(said ?? NOTHING),
      },
    ]
  }

  /** Undefined when it is no list. */
  messages(raw: unknown, path: string): GraphMessages | undefined {
    const list = AnyList.safeParse(raw)
    if (!list.success) return undefined
    const messages = list.data.data.flatMap(
      (message, i) => this.#part('messages', Message, message, `${path}.data[${i}]`) ?? [],
    )
    return { messages, rest: readRest(list.data.paging) }
  }

  #part<T>(what: GraphRejection['what'], schema: z.ZodType<T>, raw: unknown, path: string): T | undefined {
    const parsed = schema.safeParse(raw)
    if (parsed.success) return parsed.data
    this.#reject(what, path, raw, parsed.error)
    return undefined
  }

  #reject(what: GraphRejection['what'], path: string, raw: unknown, error?: z.ZodError): void {
    const reason: RejectionReason = 'malformed'
    const item = lasting(storable(raw))
    this.rejected.push({ what, reason, path: jsonPath(path, error ? firstProblem(error) : []), item })
  }
}

/**
 * What is the same each time Graph answers: the same thing set aside again is one thing. A link to a next page holds the
 * token and a new cursor, and what a link to a file is signed with changes; what a person wrote stays.
 */
function lasting(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(lasting)
  if (typeof item === 'string') return /^https?:\/\/\S+$/.test(item) ? item.replace(/[?#].*$/, '') : item
  if (!isRecord(item)) return item
  const kept = Object.entries(item).filter(([name]) => name !== 'paging')
  return Object.fromEntries(kept.map(([name, value]) => [name, name === 'message' ? value : lasting(value)]))
}

const NOTHING: GraphMessages = { messages: [], rest: undefined }

/** A paging of another form than documented may hide that the list continues. */
function readRest(raw: unknown): Rest {
  const paging = Paging.safeParse(raw)
  return paging.success ? restOf(paging.data) : { after: null }
}

function restOf(paging: z.output<typeof Paging>): Rest {
  if (!paging?.next) return undefined
  return { after: paging.cursors?.after || (URL.parse(paging.next)?.searchParams.get('after') ?? null) }
}
