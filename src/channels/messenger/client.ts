/**
 * Reads a page's conversations and their messages through the Graph API, one page of a list at a time, translated. The
 * order in which lists are read to their ends, and how that resumes after an interruption, is `walkConversations`.
 * https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations
 */

import type { InboundItem } from '../../contract/inbound.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import type { RetryPolicy } from '../../lib/retry.ts'
import { GraphError } from './graph/errors.ts'
import { itemOf, type Thread, threadOf } from './graph/items.ts'
import { DEFAULT_RETRY, type Requester, type RunLimits, request } from './graph/request.ts'
import { type GraphMessage, type GraphRejection, type Rest, readConversations, readMessages } from './graph/schema.ts'
import type { GraphUsage } from './graph/usage.ts'

export const GRAPH_VERSION = 'v24.0'

export interface GraphClientOptions {
  pageId: string
  token: string
  baseUrl: string
  /** Awaited before every request: the page's rate limit. What it throws ends the reading. */
  acquire: () => Promise<void>
  /** Awaited after every answer, errors included. */
  onUsage: (usage: GraphUsage) => void | Promise<void>
  fetch?: typeof fetch
  clock?: Clock
  /** 0 to 1, without 1: spreads the waits. */
  random?: () => number
  retry?: RetryPolicy
  /** How long one answer may take, in milliseconds. */
  timeout?: number
}

/** A conversation of the list, with its newest messages. */
export interface ListedConversation {
  thread: Thread
  item: InboundItem
  /** What of its messages did not come with the list. */
  rest: Rest
  /** The time of the oldest of its messages that came; null where none did. Milliseconds since 1970. */
  oldestMessage: number | null
}

export interface ConversationsPage {
  conversations: ListedConversation[]
  rejected: GraphRejection[]
  rest: Rest
  /** How many conversations there are, where Graph says so. */
  total: number | null
}

export interface MessagesPage {
  item: InboundItem
  rejected: GraphRejection[]
  rest: Rest
  oldestMessage: number | null
}

export interface GraphClient {
  /** The time of the client's clock. */
  now(): number
  /** A page of the page's conversations, newest first, each with its newest messages. Both methods throw GraphError. */
  listConversations(page: ConversationsRequest, run: RunLimits): Promise<ConversationsPage>
  /** A page of a thread's messages, newest first. */
  listMessages(page: MessagesRequest, run: RunLimits): Promise<MessagesPage>
}

export interface ConversationsRequest {
  after: string | null
  limit: number
  /** Messages of each conversation. */
  nested: number
}

export interface MessagesRequest {
  thread: Thread
  after: string | null
  limit: number
}

/** Only what is translated is asked for. Labels and counters change without any message, so they are left alone. */
const MESSAGE_FIELDS =
  'id,created_time,from,to,message,is_unsupported,reply_to,sticker,attachments{id,mime_type,name,file_url,image_data,video_data,generic_template},shares{link,name}'

const TIMEOUT = 60_000

/** A client for one page. */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { pageId, clock = systemClock } = options
  const requester: Requester = {
    version: GRAPH_VERSION,
    random: Math.random,
    retry: DEFAULT_RETRY,
    timeout: TIMEOUT,
    fetch,
    ...options,
    clock,
  }
  return {
    now: () => clock.now(),

    async listConversations({ after, limit, nested }, run) {
      const query = {
        platform: 'messenger',
        fields: `id,updated_time,participants,messages.limit(${nested}){${MESSAGE_FIELDS}}`,
        limit: String(limit),
        ...(after === null ? {} : { after }),
      }
      const body = await request({ path: [pageId, 'conversations'], query }, requester, run)
      const answer = readConversations(body)
      if (!answer) throw unexpected('conversations')
      const { rest, total, rejected } = answer
      const conversations = answer.conversations.map((conversation): ListedConversation => {
        const thread = threadOf(conversation, pageId)
        return {
          thread,
          item: itemOf(thread, conversation.messages, pageId),
          rest: conversation.rest,
          oldestMessage: oldest(conversation.messages),
        }
      })
      return { conversations, rejected, rest, total }
    },

    async listMessages({ thread, after, limit }, run) {
      const query = { fields: MESSAGE_FIELDS, limit: String(limit), ...(after === null ? {} : { after }) }
      const body = await request({ path: [thread.id, 'messages'], query }, requester, run)
      const answer = readMessages(body)
      if (!answer) throw unexpected('messages')
      const { rest, rejected, messages } = answer
      return { item: itemOf(thread, messages, pageId), rejected, rest, oldestMessage: oldest(messages) }
    },
  }
}

function unexpected(edge: string): GraphError {
  return new GraphError('invalid', `Graph answered GET /${edge} with other JSON than documented.`, { status: 200 })
}

function oldest(messages: readonly GraphMessage[]): number | null {
  return messages.reduce<number | null>(
    (earliest, { created_time }) => Math.min(earliest ?? created_time, created_time),
    null,
  )
}
