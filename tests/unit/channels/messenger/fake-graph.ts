import {
  createGraphClient,
  type GraphClient,
  type GraphClientOptions,
} from '../../../../src/channels/messenger/client.ts'
import type { GraphPage } from '../../../../src/channels/messenger/walk/state.ts'
import type { ConversationWalk, WalkSummary } from '../../../../src/channels/messenger/walk/walk.ts'
import { orAborted } from '../../../../src/lib/clock.ts'
import { ManualClock } from '../b2chat/manual-clock.ts'

export const PAGE = 'PAGE1'
export const NOW = '2026-11-20T12:00:00Z'

/** One request, as the fake saw it. */
export interface Asked {
  url: URL
  headers: Headers
  /** The node asked about: the page, or a thread. */
  node: string
  after: string | null
  limit: number
  /** Messages asked for with each conversation; 0 for a thread's own list. */
  nested: number
}

export interface FakeConversation {
  id: string
  /** Milliseconds since 1970. */
  updated: number
  /** Oldest first. */
  messages: { id: string; at: number }[]
}

export const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+0000`

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers })

export const refusal = (
  code: number,
  status = 400,
  message = 'refused',
  more: Record<string, unknown> = {},
): Response => json({ error: { code, message, type: 'OAuthException', fbtrace_id: 'x', ...more } }, status)

export const tooMuch = (): Response =>
  refusal(1, 500, "Please reduce the amount of data you're asking for, then retry your request")

/** A conversation with this many messages, a minute apart, the last one when it was updated. */
export function conversation(id: string, updated: number, messages: number): FakeConversation {
  const at = (i: number) => updated - (messages - 1 - i) * 60_000
  return { id, updated, messages: Array.from({ length: messages }, (_, i) => ({ id: `m_${id}_${i}`, at: at(i) })) }
}

/**
 * A page's conversations, newest first, as Graph lists them. Cursors are positions, so rows that move make a reader see
 * rows twice, as the real list may.
 */
export class FakeGraph {
  readonly asked: Asked[] = []
  /** Requests that are not answered yet, and the most there were of them. */
  underWay = 0
  mostAtOnce = 0
  conversations: FakeConversation[]
  /** Called before each answer; what it returns is answered instead. */
  before: (asked: Asked, number: number) => Response | undefined | Promise<Response | undefined> = () => undefined

  constructor(conversations: FakeConversation[]) {
    this.conversations = conversations
  }

  readonly fetch: typeof fetch = async (input, init) => {
    this.underWay += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay)
    try {
      return await orAborted(this.#answer(input, init), init?.signal ?? new AbortController().signal)
    } finally {
      this.underWay -= 1
    }
  }

  async #answer(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Promise<Response> {
    const url = new URL(String(input))
    const [, , node = '', edge] = url.pathname.split('/')
    const nested = /messages\.limit\((\d+)\)/.exec(url.searchParams.get('fields') ?? '')?.[1]
    const asked: Asked = {
      url,
      headers: new Headers(init?.headers),
      node,
      after: url.searchParams.get('after'),
      limit: Number(url.searchParams.get('limit')),
      nested: Number(nested ?? 0),
    }
    this.asked.push(asked)
    const instead = await this.before(asked, this.asked.length)
    if (instead) return instead
    if (edge === 'conversations' && node === PAGE) return json(this.#list(asked))
    const thread = this.conversations.find(({ id }) => id === node)
    return thread
      ? json(this.#messages(thread, asked.after, asked.limit))
      : refusal(100, 400, 'nonexisting', { error_subcode: 33 })
  }

  /** A new message: the conversation moves to the head. */
  say(id: string, at: number): void {
    const thread = this.conversations.find((row) => row.id === id)
    if (!thread) throw new Error(`no conversation ${id}`)
    thread.messages.push({ id: `m_${id}_${thread.messages.length}`, at })
    thread.updated = at
  }

  get messageIds(): string[] {
    return this.conversations.flatMap(({ messages }) => messages.map(({ id }) => id)).sort()
  }

  #list({ after, limit, nested }: Asked): object {
    const rows = this.conversations.toSorted((a, b) => b.updated - a.updated || (a.id < b.id ? 1 : -1))
    const page = (row: FakeConversation) => ({
      id: row.id,
      updated_time: time(row.updated),
      participants: {
        data: [
          { id: `PSID_${row.id}`, name: `Person ${row.id}` },
          { id: PAGE, name: 'The page' },
        ],
      },
      messages: this.#messages(row, null, nested),
    })
    return paged(rows, after, limit, page)
  }

  #messages(thread: FakeConversation, after: string | null, limit: number): object {
    const person = { id: `PSID_${thread.id}`, name: `Person ${thread.id}` }
    return paged(thread.messages.toReversed(), after, limit, ({ id, at }) => ({
      id,
      created_time: time(at),
      from: person,
      to: { data: [{ id: PAGE }] },
      message: `text of ${id}`,
    }))
  }
}

function paged<T>(rows: T[], after: string | null, limit: number, shown: (row: T) => object): object {
  const from = Number(after ?? 0)
  const data = rows.slice(from, from + limit).map(shown)
  const cursors = { before: String(from), after: String(from + limit) }
  const next = `https://graph.facebook.com/next?after=${cursors.after}`
  return { data, paging: { cursors, ...(from + limit < rows.length ? { next } : {}) } }
}

export interface Run {
  clock: ManualClock
  client: GraphClient
}

/** A client on a clock of its own; half of every possible wait is waited. */
export function clientFor(fetch: typeof globalThis.fetch, options: Partial<GraphClientOptions> = {}): Run {
  const clock = new ManualClock(NOW)
  const client = createGraphClient({
    pageId: PAGE,
    token: 'token-of-the-page',
    baseUrl: 'https://graph.test',
    acquire: async () => {},
    onUsage: () => {},
    fetch,
    clock,
    random: () => 0.5,
    ...options,
  })
  return { clock, client }
}

export interface Collected {
  pages: GraphPage[]
  summary: WalkSummary
}

export async function collect(walk: ConversationWalk): Promise<Collected> {
  const pages: GraphPage[] = []
  for (;;) {
    const step = await walk.next()
    if (step.done) return { pages, summary: step.value }
    pages.push(step.value)
  }
}

/** The ids of all messages in the pages, in order. */
export function messageIds(pages: readonly GraphPage[]): string[] {
  return pages.flatMap(({ items }) =>
    items.flatMap(({ events }) =>
      events.flatMap((event) => ('provider_message_id' in event ? (event.provider_message_id ?? []) : [])),
    ),
  )
}

export const asSet = (ids: readonly string[]): string[] => [...new Set(ids)].sort()
