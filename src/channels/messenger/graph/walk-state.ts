/** The way through a page's conversations: what is asked for next, what an answer adds, where a failure leads. Pure. */
import type { InboundItem } from '../../inbound.ts'
import { CALL_LIMITS, sliceItems } from '../../slice.ts'
import type {
  ConversationsPage,
  ConversationsRequest,
  ListedConversation,
  MessagesPage,
  MessagesRequest,
} from '../client.ts'
import { DEFAULT_LIMITS, type GraphCursor, type PageLimits, type ThreadCursor, timeOf } from './cursor.ts'
import { GraphError } from './errors.ts'
import type { GraphRejection } from './schema.ts'

export interface WalkStart {
  /** Where an earlier run stopped. The mode, `since` and limits of that run then stay. */
  cursor?: GraphCursor | undefined
  /** `full` reads everything, `incremental` what changed since; both then read what changed meanwhile. */
  mode: 'full' | 'incremental'
  /** ISO, with its zone. An incremental walk without it is a full one. */
  since?: string | null
  limits?: Partial<PageLimits>
  /** What is handed out at least, unless there is no more: WORTHWHILE when left out. */
  worthwhile?: { events: number; items: number }
  /** Milliseconds since 1970. */
  now: number
}

/** What one commit takes, and where to go on once it is stored. */
export interface GraphPage {
  items: InboundItem[]
  rejected: GraphRejection[]
  /** Null while further parts of the same answer follow: the place to go on is still the one before. */
  cursor: GraphCursor | null
  /** How many conversations there are in all, where Graph said so. */
  totalEstimate?: number
}

export type WalkRequest =
  | { kind: 'conversations'; page: ConversationsRequest }
  | { kind: 'messages'; page: MessagesRequest }

/** The head is read again from this long before the pass began: milliseconds. */
export const OVERLAP = 5 * 60_000
/** The most conversations that are asked for when the head is read again. */
const LARGEST_HEAD = 400
/** How often the head is read again at most. */
export const MOST_RESCANS = 10
/** A walk takes what was said within the day before it began, or since the walk before it, as new, the rest as history: milliseconds. */
export const RECENT = 24 * 3_600_000
/** How often the list may be begun again in a run because its cursor is not accepted. */
export const MOST_RESTARTS = 10
/** The same for a thread's messages; a thread that goes on failing is set aside. */
export const MOST_THREAD_RESTARTS = 3
/** What is handed out at least, unless there is no more: a commit by itself costs as much as some hundred rows. */
export const WORTHWHILE = { events: 1500, items: 300 }
/** What one commit takes of things set aside. */
const MOST_REJECTED = 1000

export class WalkState {
  #cursor: GraphCursor
  readonly #threads: ThreadCursor[]
  readonly #buffer: { items: InboundItem[]; rejected: GraphRejection[]; events: number } = {
    items: [],
    rejected: [],
    events: 0,
  }
  readonly #worthwhile: { events: number; items: number }
  #hasMoved = false
  /** How many conversations there are, where Graph said so. */
  #total: number | null = null
  /** How many answers in a row named as the next place the one they were asked for. */
  #stuck = 0

  /** Throws a RangeError for a `since` that is no time. */
  constructor({ cursor, mode, since = null, limits, worthwhile = WORTHWHILE, now }: WalkStart) {
    this.#worthwhile = worthwhile
    const from = mode === 'full' ? null : since
    if (from !== null && Number.isNaN(timeOf(from))) throw new RangeError('since is no time')
    this.#cursor = cursor ?? {
      pass: 'walk',
      after: null,
      at_end: false,
      limit: { ...DEFAULT_LIMITS, ...limits },
      since: from,
      messages_since: from,
      history_before: new Date(historyBefore(now, from)).toISOString(),
      high_watermark: null,
      is_settled: false,
      rescans: 0,
      threads: [],
      restarts: 0,
    }
    this.#threads = [...this.#cursor.threads]
  }

  /** Where to go on once everything handed out is stored. */
  get cursor(): GraphCursor {
    return { ...this.#cursor, threads: [...this.#threads] }
  }

  /** What to ask for next; undefined when everything is read. */
  next(): WalkRequest | undefined {
    const [thread] = this.#threads
    const { pass, after, limit } = this.#cursor
    if (thread) {
      const page = { thread, after: thread.after, limit: thread.limit ?? limit.messages }
      return { kind: 'messages', page }
    }
    if (pass === 'done') return undefined
    return { kind: 'conversations', page: { after, limit: limit.threads, nested: limit.nested } }
  }

  /** Takes a page of the list; returns what is to be stored. */
  takeConversations(answer: ConversationsPage): GraphPage[] {
    this.#hasMoved = true
    const { conversations, rest, total } = answer
    const since = this.#cursor.since === null ? null : timeOf(this.#cursor.since)
    const times = conversations.flatMap(({ thread }) => (thread.updatedAt === null ? [] : [thread.updatedAt]))
    if (this.#cursor.high_watermark === null && times.length > 0) {
      this.#cursor = { ...this.#cursor, high_watermark: new Date(Math.max(...times)).toISOString() }
    }
    // A single row out of order does not end the walk.
    const isPast = since !== null && times.length > 0 && times.every((time) => time < since)
    const wanted = conversations.filter(({ thread }) => since === null || (thread.updatedAt ?? since) >= since)
    const endsHere = !rest || isBefore(times.at(-1), this.#lookedFor)
    const hasMore = times.some((time) => !isBefore(time, this.#lookedFor))
    const is_settled = this.#cursor.after === null ? endsHere : this.#cursor.is_settled && !hasMore
    this.#cursor = { ...this.#cursor, is_settled }
    this.#keep(
      wanted.map(({ item }) => item),
      answer.rejected,
    )
    this.#threads.push(...wanted.flatMap((conversation) => this.#goesOn(conversation)))

    if (!rest || isPast) this.#cursor = { ...this.#cursor, after: null, at_end: true }
    else if (rest.after === null)
      throw new GraphError('invalid', 'Graph named no place where the list of conversations goes on.')
    else if (this.#isStuck(rest.after, this.#cursor.after)) this.#restartList()
    else this.#cursor = { ...this.#cursor, after: rest.after }
    this.#endPassWhenRead()
    this.#total = total ?? this.#total
    return this.#isWorthwhile ? this.flush() : []
  }

  /** Takes a page of the first thread's messages; returns what is to be stored, once that is as much as a commit takes. */
  takeMessages(answer: MessagesPage): GraphPage[] {
    const thread = this.#thread
    const { rest } = answer
    const full = this.#buffer.events + answer.item.events.length > CALL_LIMITS.maxEvents ? this.flush() : []
    this.#hasMoved = true
    if (answer.item.events.length > 0 || answer.rejected.length > 0) this.#keep([answer.item], answer.rejected)
    if (!rest || this.#reachesBack(answer.oldestMessage)) this.#leave()
    else if (rest.after === null || this.#isStuck(rest.after, thread.after)) this.#restartThread(thread)
    else this.#threads[0] = { ...thread, after: rest.after }
    return [...full, ...(this.#isFull || (this.#threads.length === 0 && this.#isWorthwhile) ? this.flush() : [])]
  }

  /** Takes a request's failure: afterwards `next` says how it goes on. Throws what the walk cannot get past. */
  fail(error: unknown): void {
    if (!(error instanceof GraphError)) throw error
    const [thread] = this.#threads
    if (thread) this.#failThread(thread, error)
    else this.#failList(error)
    this.#hasMoved = true
  }

  /** What was read and not yet handed out, with the place to go on; cut into what a commit takes. */
  flush(): GraphPage[] {
    const { items, rejected } = this.#buffer
    const parts = Math.max(1, Math.ceil(rejected.length / MOST_REJECTED))
    const slices = sliceItems(items)
    const pages = Array.from({ length: Math.max(parts, slices.length) }, (_, i) => ({
      items: slices[i] ?? [],
      rejected: rejected.slice(i * MOST_REJECTED, (i + 1) * MOST_REJECTED),
      cursor: null,
    }))
    Object.assign(this.#buffer, { items: [], rejected: [], events: 0 })
    this.#hasMoved = false
    return pages.map((page, i) => {
      if (i < pages.length - 1) return page
      return { ...page, cursor: this.cursor, ...(this.#total === null ? {} : { totalEstimate: this.#total }) }
    })
  }

  /** Whether something was read, or the place to go on has moved, since the last page was handed out. */
  get hasUnstored(): boolean {
    return this.#hasMoved
  }

  /** Since when conversations may have changed that are not read: a rescan looks at its overlap only to be sure. */
  get #lookedFor(): number | null {
    const { pass, since } = this.#cursor
    if (since === null) return null
    return pass === 'rescan' ? timeOf(since) + OVERLAP : timeOf(since)
  }

  get #thread(): ThreadCursor {
    const [thread] = this.#threads
    if (!thread) throw new RangeError('no thread is being read')
    return thread
  }

  /** Whether enough is read to be stored. At the end of a walk, and of a run, whatever is left is. */
  get #isWorthwhile(): boolean {
    const { items, rejected, events } = this.#buffer
    return events >= this.#worthwhile.events || items.length + rejected.length >= this.#worthwhile.items
  }

  get #isFull(): boolean {
    const next = this.#threads[0]?.limit ?? this.#cursor.limit.messages
    return this.#buffer.events + next > CALL_LIMITS.maxEvents || this.#buffer.items.length >= CALL_LIMITS.maxItems
  }

  #keep(found: readonly InboundItem[], rejected: readonly GraphRejection[]): void {
    const items = found.map((item) => this.#told(item))
    const last = this.#buffer.items.at(-1)
    const [first] = items
    // Pages of one thread are one item.
    if (last && items.length === 1 && first?.thread_id === last.thread_id) last.events.push(...(first?.events ?? []))
    else this.#buffer.items.push(...items)
    this.#buffer.rejected.push(...rejected)
    this.#buffer.events += items.reduce((count, { events }) => count + events.length, 0)
  }

  /** What was said long before a page is first read is history: nobody has to answer it now. */
  #told(item: InboundItem): InboundItem {
    const before = timeOf(this.#cursor.history_before)
    const events = item.events.map((event) =>
      event.type === 'message' && Number(event.occurred_at) < before ? { ...event, is_history: true as const } : event,
    )
    return { ...item, events }
  }

  /** The thread to read on, where its messages go on and the ones that came are not older than what is wanted. */
  #goesOn({ thread, rest, oldestMessage }: ListedConversation): ThreadCursor[] {
    if (!rest || this.#reachesBack(oldestMessage)) return []
    // A place that cannot be named is reached from the top.
    return [{ ...thread, after: rest.after }]
  }

  /** Messages come newest first: behind one that is older there are only older ones. */
  #reachesBack(oldestMessage: number | null): boolean {
    const { messages_since } = this.#cursor
    return messages_since !== null && oldestMessage !== null && oldestMessage < timeOf(messages_since)
  }

  /** Twice in a row the place just asked for as the next one: it leads nowhere. */
  #isStuck(next: string, asked: string | null): boolean {
    this.#stuck = next === asked ? this.#stuck + 1 : 0
    return this.#stuck >= 2
  }

  /**
   * The list reorders while it is read: what moves to the head before it was reached is missed. So the head is read again,
   * down to where the pass began, until all that changed since then comes on one page: a single answer has no before and
   * after. A page too busy for that keeps its old watermark, so that the next run looks at the same time again.
   */
  #endPassWhenRead(): void {
    if (!this.#cursor.at_end || this.#threads.length > 0) return
    const { is_settled, high_watermark, since, messages_since, rescans } = this.#cursor
    if (is_settled || rescans === MOST_RESCANS) {
      const reached = is_settled ? (high_watermark ?? since) : messages_since
      this.#cursor = { ...this.#cursor, pass: 'done', high_watermark: reached }
      return
    }
    const from = high_watermark === null ? since : new Date(timeOf(high_watermark) - OVERLAP).toISOString()
    // The larger the page, the more may have changed at once and still be on it.
    const limit = { ...this.#cursor.limit, ...larger(this.#cursor.limit) }
    this.#cursor = { ...this.#cursor, pass: 'rescan', since: from, rescans: rescans + 1, limit }
    this.#beginPass()
  }

  /** At the head of the list. */
  #beginPass(): void {
    this.#stuck = 0
    this.#cursor = { ...this.#cursor, after: null, at_end: false, high_watermark: null, is_settled: false }
  }

  #failList(error: GraphError): void {
    if (error.kind === 'cursor') this.#restartList()
    else if (error.kind === 'too_much_data') this.#shrinkList(error)
    else throw error
  }

  #restartList(): void {
    const restarts = this.#cursor.restarts + 1
    if (restarts > MOST_RESTARTS) {
      throw new GraphError('cursor', `The list of conversations was begun again ${MOST_RESTARTS} times in vain.`)
    }
    this.#cursor = { ...this.#cursor, restarts }
    this.#beginPass()
  }

  #shrinkList(error: GraphError): void {
    const { limit } = this.#cursor
    if (limit.threads === 1 && limit.nested === 1) throw error
    const smaller = { ...limit, threads: half(limit.threads), nested: half(limit.nested) }
    this.#cursor = { ...this.#cursor, limit: smaller }
    this.#beginPass()
  }

  #failThread(thread: ThreadCursor, error: GraphError): void {
    const limit = thread.limit ?? this.#cursor.limit.messages
    if (error.kind === 'cursor') this.#restartThread(thread)
    // The newest messages are all that Graph shows of some threads.
    else if (error.isUnavailable && thread.after !== null) this.#leave()
    else if (error.kind === 'too_much_data' && limit > 1) {
      this.#threads[0] = { ...thread, after: null, limit: half(limit) }
    } else if (error.kind === 'too_much_data' || error.kind === 'invalid') this.#setAside(thread, error)
    else throw error
  }

  #restartThread(thread: ThreadCursor): void {
    const restarts = (thread.restarts ?? 0) + 1
    this.#stuck = 0
    if (restarts > MOST_THREAD_RESTARTS)
      this.#setAside(thread, new GraphError('cursor', 'A thread was begun again in vain.'))
    else this.#threads[0] = { ...thread, after: null, restarts }
  }

  /** One thread that cannot be read must not keep the others from being read. */
  #setAside(thread: ThreadCursor, { kind, code, subcode }: GraphError): void {
    const item = { thread_id: thread.id, participant: thread.participant, error: { kind, code, subcode } }
    this.#keep([], [{ what: 'conversations', reason: 'unreadable_thread', path: '$.error', item }])
    this.#leave()
  }

  #leave(): void {
    this.#stuck = 0
    this.#threads.shift()
    this.#endPassWhenRead()
  }
}

/**
 * An incremental walk reads again what the run before it has read: the overlap, and what comes along with a thread's new
 * messages. What was history then must stay it, also of the second at which that run ended.
 */
function historyBefore(now: number, since: string | null): number {
  return since === null ? now - RECENT : Math.min(now - RECENT, timeOf(since) + OVERLAP + 1000)
}

function isBefore(time: number | undefined, since: number | null): boolean {
  return time !== undefined && since !== null && time < since
}

/** A head of the list that takes twice as many conversations, of which few have many new messages. */
function larger({ threads, nested }: PageLimits): Pick<PageLimits, 'threads' | 'nested'> {
  return { threads: Math.max(threads, Math.min(2 * threads, LARGEST_HEAD)), nested: Math.ceil(nested / 2) }
}

function half(limit: number): number {
  return Math.max(1, Math.floor(limit / 2))
}
