/** Where a walk is: the pass over the list, unfinished threads, and what is read and not yet handed out. Pure. */
import type { InboundItem } from '../../../contract/inbound.ts'
import type { ConversationsPage, ConversationsRequest, MessagesPage, MessagesRequest } from '../client.ts'
import { GraphError } from '../graph/errors.ts'
import type { GraphRejection } from '../graph/schema.ts'
import { firstCursor, type GraphCursor } from './cursor.ts'
import { ListPass } from './list-pass.ts'
import { PageBuffer } from './page-buffer.ts'
import { WALK_SIZES, type WalkSizes } from './sizes.ts'
import { ThreadReading } from './thread-reading.ts'

export interface WalkStart {
  /** Where an earlier run stopped. The mode, `since` and what is asked for at once then stay that run's. */
  cursor?: GraphCursor | undefined
  /** `full` reads everything, `incremental` what changed since; both then read what changed meanwhile. */
  mode: 'full' | 'incremental'
  /** ISO, with its zone: OVERLAP before the watermark of the walk before. An incremental walk without it is a full one. */
  since?: string | null
  /** For tests, which make do with few conversations: WALK_SIZES when left out. */
  sizes?: WalkSizes
}

/** What one commit takes, and where to resume once it is stored. */
export interface GraphPage {
  items: InboundItem[]
  rejected: GraphRejection[]
  /** Null while further parts of the same answer follow: the stored cursor still holds. */
  cursor: GraphCursor | null
  /** How many conversations there are in all, where Graph said so. */
  totalEstimate?: number
}

export type WalkRequest =
  | { kind: 'conversations'; page: ConversationsRequest }
  | { kind: 'messages'; page: MessagesRequest }

/** The smallest request that shows whether Graph answers. */
const PROBE: ConversationsRequest = { after: null, limit: 1, nested: 1 }

export class WalkState {
  readonly #list: ListPass
  readonly #threads: ThreadReading
  readonly #buffer: PageBuffer
  #hasMoved = false
  #failure: GraphError | undefined
  /** How many conversations there are, where Graph said so. */
  #total: number | null = null

  /** Throws a RangeError for a `since` that is no time. */
  constructor({ cursor, mode, since = null, sizes = WALK_SIZES }: WalkStart) {
    const { events, items, ...limit } = sizes
    const start = cursor ?? firstCursor(mode === 'full' ? null : since, limit)
    const { threads: _threads, given_up: _givenUp, ...list } = start
    this.#list = new ListPass(list)
    this.#threads = new ThreadReading(start)
    this.#buffer = new PageBuffer({ events, items })
  }

  /** Where to resume once everything handed out is stored. */
  get cursor(): GraphCursor {
    return { ...this.#list.cursor, ...this.#threads.cursor }
  }

  /** The failure that may pass by, since which nothing was answered. */
  get failure(): GraphError | undefined {
    return this.#failure
  }

  /** What to ask for next; undefined when everything is read. */
  get request(): WalkRequest | undefined {
    if (this.#threads.isProbing) return { kind: 'conversations', page: PROBE }
    const messages = this.#threads.request
    if (messages) return { kind: 'messages', page: messages }
    const conversations = this.#list.request
    return conversations && { kind: 'conversations', page: conversations }
  }

  /** Takes a page of the list, asked for at this time; returns what is to be stored. */
  takeConversations(answer: ConversationsPage, askedAt: number): GraphPage[] {
    this.#failure = undefined
    if (this.#threads.isProbing) {
      this.#buffer.keep([], this.#threads.attributeFailure())
      this.#endPassWhenRead()
      return []
    }
    this.#hasMoved = true
    this.#total = answer.total ?? this.#total
    const wanted = this.#list.wanted(answer.conversations)
    this.#buffer.keep(
      wanted.map(({ item }) => item),
      answer.rejected,
    )
    this.#threads.add(wanted)
    this.#list.take(answer, askedAt)
    this.#endPassWhenRead()
    return this.#buffer.isWorthwhile ? this.#flush() : []
  }

  /** Takes a page of the first thread's messages; returns what is to be stored, once that is as much as a commit takes. */
  takeMessages(answer: MessagesPage): GraphPage[] {
    const { item, rejected } = answer
    this.#hasMoved = true
    this.#failure = undefined
    this.#buffer.keep(item.events.length > 0 || rejected.length > 0 ? [item] : [], rejected)
    this.#buffer.keep([], this.#threads.take(answer))
    this.#endPassWhenRead()
    const next = this.#threads.request
    const isDue = next ? !this.#buffer.hasRoomFor(next.limit) : this.#buffer.isWorthwhile
    return isDue ? this.#flush() : []
  }

  /** Takes a request's failure; `request` then says what to ask for next. Throws what the walk cannot get past. */
  fail(error: unknown): void {
    // The probe of the list fails as well, so the thread is not the cause.
    if (this.#threads.isProbing || !(error instanceof GraphError)) throw error
    if (this.#threads.request) this.#buffer.keep([], this.#threads.fail(error))
    else this.#list.fail(error)
    this.#hasMoved = true
    this.#failure = error.isTransient ? error : undefined
    this.#endPassWhenRead()
  }

  /** What was not handed out yet, where anything was read or the cursor moved since. */
  flushRemaining(): GraphPage[] {
    return this.#hasMoved ? this.#flush() : []
  }

  /** What was read and not yet handed out, with the cursor after it, in parts that a commit takes. */
  #flush(): GraphPage[] {
    const parts = this.#buffer.takeAll()
    this.#hasMoved = false
    return parts.map((part, i) => {
      if (i < parts.length - 1) return { ...part, cursor: null }
      return { ...part, cursor: this.cursor, ...(this.#total === null ? {} : { totalEstimate: this.#total }) }
    })
  }

  #endPassWhenRead(): void {
    if (this.#list.isAtEnd && !this.#threads.request) this.#list.end()
  }
}
