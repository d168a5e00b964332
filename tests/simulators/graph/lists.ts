/** The pages of both lists, newest first: a page's conversations and a conversation's messages. */
import type { Cursors, Mark } from './cursors.ts'
import { badRequest, graphFault } from './errors.ts'
import {
  CONVERSATION_FIELDS,
  type FieldTree,
  fieldsText,
  MESSAGE_FIELDS,
  nestedMessageFields,
  parseFields,
} from './fields.ts'
import { messageCount } from './messages.ts'
import { conversationJson, DEFAULT_CONVERSATION_FIELDS, DEFAULT_MESSAGE_FIELDS, messageWriter } from './nodes.ts'
import type { Behaviour } from './options.ts'
import type { Conversation, World } from './world.ts'

/** What a page can have instead of its rows, without an error. */
export type Twist = 'repeat' | 'empty' | 'stuck' | 'empty nested'

export interface PageRequest {
  query: URLSearchParams
  twist: Twist | undefined
  /** The beginning of links to a list's next page. */
  link: (listId: string, edge: 'conversations' | 'messages') => string
}

export interface Lists {
  conversations(request: PageRequest): string
  messages(conversation: Conversation, request: PageRequest): string
  /** Rows served so far, repeated ones too. */
  served: { conversations: number; messages: number }
}

const DEFAULT_LIMIT = 25
/** Marks the place before everything. */
const START = 'start'

interface Slice {
  start: number
  end: number
  hasNext: boolean
  /** Given when the next page's cursor is the one just used. */
  sameCursor?: string
}

export function createLists(world: World, rules: Behaviour, cursors: Cursors): Lists {
  const { settings } = world
  const served = { conversations: 0, messages: 0 }

  function conversations({ query, twist, link }: PageRequest): string {
    refuseUnknown(query)
    const fields = parseFields(query.get('fields') ?? DEFAULT_CONVERSATION_FIELDS, CONVERSATION_FIELDS, 'Conversation')
    const nestedFields = nestedMessageFields(fields) ?? parseFields(DEFAULT_MESSAGE_FIELDS, MESSAGE_FIELDS, 'Message')
    const nestedLimit = limitWithin(fields.get('messages')?.limit ?? DEFAULT_LIMIT)
    const limit = limitOf(query)
    const rows = limit * (fields.has('messages') ? Math.max(1, nestedLimit) : 1)
    const isTooMuch = exceeds(limit, rules.most.conversations) || exceeds(rows, rules.most.rows)
    if (isTooMuch || (fields.has('messages') && exceeds(nestedLimit, rules.most.nested))) tooMuch(query)
    if (query.get('platform') === 'instagram') return '{"data":[]}'
    const slice = cut(query, limit, twist, settings.pageId, conversationPlace, (start) => {
      const end = Math.min(start + limit, world.list.length)
      return { start, end, hasNext: end < world.list.length }
    })
    const nestedLink = `&fields=${encodeURIComponent(fieldsText(nestedFields))}&limit=${nestedLimit}`
    const data = world.list.slice(slice.start, slice.end).map((conversation) => {
      if (!fields.has('messages') || messageCount(conversation) === 0) {
        return conversationJson(settings, conversation, fields, undefined)
      }
      const shown = messageSlice(conversation, 0, nestedLimit)
      const nested: Slice = twist === 'empty nested' ? { start: 0, end: 0, hasNext: true } : shown
      const messages = messagePage(conversation, nestedFields, nested, nestedLimit, () => {
        return link(conversation.id, 'messages') + nestedLink
      })
      return conversationJson(settings, conversation, fields, messages)
    })
    served.conversations += data.length
    const mark = (place: number) => conversationMark(place)
    return pageJson(
      data,
      slice,
      settings.pageId,
      limit,
      mark,
      () => link(settings.pageId, 'conversations') + kept(query),
    )
  }

  function messages(conversation: Conversation, { query, twist, link }: PageRequest): string {
    refuseUnknown(query)
    const fields = parseFields(query.get('fields') ?? DEFAULT_MESSAGE_FIELDS, MESSAGE_FIELDS, 'Message')
    const limit = limitOf(query)
    if (exceeds(limit, rules.most.messages)) tooMuch(query)
    const count = messageCount(conversation)
    const placeOf = (mark: Mark) => (rules.cursorsMark === 'place' ? Number(mark) : count - Number(mark))
    const slice = cut(query, limit, twist, conversation.id, placeOf, (start) => {
      return messageSlice(conversation, start, limit)
    })
    return messagePage(conversation, fields, slice, limit, () => link(conversation.id, 'messages') + kept(query))
  }

  /** Up to what can be read in detail, where older messages are an error. */
  function messageSlice(conversation: Conversation, start: number, limit: number): Slice {
    const count = messageCount(conversation)
    const readable = settings.detail?.older === 'error' ? Math.min(count, settings.detail.newest) : count
    if (start >= readable && readable < count) throw graphFault('looks_deleted')
    const end = Math.min(start + limit, readable)
    return { start, end, hasNext: end < count }
  }

  function messagePage(
    conversation: Conversation,
    fields: FieldTree,
    slice: Slice,
    limit: number,
    link: () => string,
  ): string {
    const count = messageCount(conversation)
    const write = messageWriter(settings, conversation, fields)
    const data: string[] = []
    for (let place = slice.start; place < slice.end; place += 1) data.push(write(count - 1 - place))
    served.messages += data.length
    const mark = (place: number) => ({ mark: rules.cursorsMark === 'place' ? place : count - place, rank: 0 })
    return pageJson(data, slice, conversation.id, limit, mark, link)
  }

  function conversationPlace(mark: Mark, rank: number): number {
    if (rules.cursorsMark === 'place') return Number(mark)
    if (rules.cursorsMark === 'time') return world.placeAfter(Number(mark), rank)
    const place = world.list.findIndex(({ id }) => id === mark)
    if (place < 0) throw graphFault('cursor')
    return place + 1
  }

  function conversationMark(place: number): { mark: Mark; rank: number } {
    const last = world.list[place - 1]
    if (rules.cursorsMark === 'place' || !last) return { mark: place, rank: 0 }
    return rules.cursorsMark === 'time' ? { mark: last.updated, rank: last.rank } : { mark: last.id, rank: 0 }
  }

  function cut(
    query: URLSearchParams,
    limit: number,
    twist: Twist | undefined,
    listId: string,
    placeOf: (mark: Mark, rank: number) => number,
    untwisted: (start: number) => Slice,
  ): Slice {
    const after = query.get('after')
    const cursor = after === null ? undefined : cursors.read(after, listId, limit)
    const isStart = cursor === undefined || cursor.mark === START
    const start = isStart ? 0 : placeOf(cursor.mark, cursor.rank)
    if (twist === 'empty') return { start, end: start, hasNext: true }
    if (twist === 'stuck' && after !== null) return { start, end: start, hasNext: true, sameCursor: after }
    if (twist === 'repeat' && start > 0) return { start: Math.max(0, start - limit), end: start, hasNext: true }
    return untwisted(start)
  }

  function pageJson(
    data: string[],
    { start, end, hasNext, sameCursor }: Slice,
    listId: string,
    limit: number,
    markOf: (place: number) => { mark: Mark; rank: number },
    link: () => string,
  ): string {
    if (data.length === 0 && !hasNext) return '{"data":[]}'
    const issue = (place: number) => {
      const { mark, rank } = place === 0 ? { mark: START, rank: 0 } : markOf(place)
      return cursors.issue(listId, mark, rank, limit)
    }
    const after = sameCursor ?? issue(end)
    const next = hasNext ? `,"next":${JSON.stringify(`${link()}&after=${after}`)}` : ''
    return `{"data":[${data.join(',')}],"paging":{"cursors":{"before":"${issue(start)}","after":"${after}"}${next}}}`
  }

  function tooMuch(query: URLSearchParams): never {
    const after = query.get('after')
    if (after !== null) cursors.fail(after)
    throw graphFault('too_much_data')
  }

  function limitOf(query: URLSearchParams): number {
    const text = query.get('limit') ?? String(DEFAULT_LIMIT)
    if (!/^\d+$/.test(text)) throw badRequest('Param limit must be an integer')
    return limitWithin(Number(text))
  }

  function limitWithin(limit: number): number {
    if (limit < 1) throw badRequest('Param limit must be greater than 0')
    return Math.min(limit, rules.maxLimit)
  }

  return { conversations, messages, served }
}

function exceeds(value: number, most: number | undefined): boolean {
  return most !== undefined && value > most
}

/** The query of a next page, but for its cursor. */
function kept(query: URLSearchParams): string {
  const names = ['platform', 'fields', 'limit'].filter((name) => query.has(name))
  return names.map((name) => `&${name}=${encodeURIComponent(query.get(name) ?? '')}`).join('')
}

const KNOWN_PARAMETERS = ['platform', 'fields', 'limit', 'after', 'access_token']

/** Among what is refused is paging by time, which these lists do not have. */
function refuseUnknown(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!KNOWN_PARAMETERS.includes(name)) throw badRequest(`Param ${name} is not available here`)
  }
  const platform = query.get('platform') ?? 'messenger'
  if (platform !== 'messenger' && platform !== 'instagram')
    throw badRequest('Param platform must be one of {MESSENGER, INSTAGRAM}')
}
