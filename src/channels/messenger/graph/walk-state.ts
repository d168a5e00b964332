/** The way through a page's conversations: what is asked for next, what an answer adds, where a failure leads. Pure. */
import type { InboundItem } from '../../inbound.ts'
import type {
  ConversationsPage,
  ConversationsRequest,
  ListedConversation,
  MessagesPage,
  MessagesRequest,
} from '../client.ts'
import { DEFAULT_LIMITS, type GraphCursor, type PageLimits, type ThreadCursor, timeOf } from './cursor.ts'
import { GraphError } from './errors.ts'
import { OVERLAP, readPass } from './list-pass.ts'
import { PageBuffer, WORTHWHILE, type Worthwhile } from './page-buffer.ts'
import type { GraphRejection } from './schema.ts'
import { ThreadQueue, type Unreadable } from './thread-queue.ts'

export interface WalkStart {
  /** Where an earlier run stopped. The mode, `since` and limits of that run then stay. */
  cursor?: GraphCursor | undefined
  /** `full` reads everything, `incremental` what changed since; both then read what changed meanwhile. */
  mode: 'full' | 'incremental'
  /** ISO, with its zone: OVERLAP before the watermark of the walk before. An incremental walk without it is a full one. */
  since?: string | null
  limits?: Partial<PageLimits>
  /** What is handed out at least, unless there is no more: WORTHWHILE when left out. */
  worthwhile?: Worthwhile
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
/** So many threads that were given up are remembered: a run that has more asks for them again. */
const MOST_GIVEN_UP = 100

export class WalkState {
  #cursor: GraphCursor
  readonly #queue: ThreadQueue
  readonly #buffer: PageBuffer
  #hasMoved = false
  /** How many conversations there are, where Graph said so. */
  #total: number | null = null
  /** How many answers in a row named as the next place the one they were asked for. */
  #stuck = 0
  /** A thread's failure, while the list is asked whether it is the thread's own. */
  #inQuestion: GraphError | undefined

  /** Throws a RangeError for a `since` that is no time. */
  constructor({ cursor, mode, since = null, limits, worthwhile = WORTHWHILE, now }: WalkStart) {
    this.#buffer = new PageBuffer(worthwhile)
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
    this.#queue = new ThreadQueue(this.#cursor.threads)
  }

  /** Where to go on once everything handed out is stored. */
  get cursor(): GraphCursor {
    return { ...this.#cursor, threads: this.#queue.all }
  }

  /** What to ask for next; undefined when everything is read. */
  next(): WalkRequest | undefined {
    if (this.#inQuestion) return { kind: 'conversations', page: { after: null, limit: 1, nested: 1 } }
    const thread = this.#queue.first
    const { pass, after, limit } = this.#cursor
    if (thread) {
      const page = { thread, after: thread.after, limit: thread.limit ?? limit.messages }
      return { kind: 'messages', page }
    }
    if (pass === 'done') return undefined
    return { kind: 'conversations', page: { after, limit: limit.threads, nested: limit.nested } }
  }

  /** Takes a page of the list, asked for at this time; returns what is to be stored. */
  takeConversations(answer: ConversationsPage, askedAt: number): GraphPage[] {
    if (this.#inQuestion) return this.#takeVerdict(this.#inQuestion)
    this.#hasMoved = true
    const { conversations, rest, total } = answer
    const since = this.#cursor.since === null ? null : timeOf(this.#cursor.since)
    const wanted = conversations.filter(({ thread }) => since === null || (thread.updatedAt ?? since) >= since)
    this.#keep(
      wanted.map(({ item }) => item),
      answer.rejected,
    )
    this.#queue.push(...wanted.flatMap((conversation) => this.#goesOn(conversation)))

    const told = conversations.flatMap(({ thread }) => (thread.updatedAt === null ? [] : [thread.updatedAt]))
    const { isOver, ...pass } = readPass(this.#cursor, { told, hasRest: rest !== undefined, askedAt })
    this.#cursor = { ...this.#cursor, ...pass }
    if (!rest || isOver) this.#cursor = { ...this.#cursor, after: null, at_end: true }
    else if (rest.after === null) {
      this.#failList(new GraphError('invalid', 'Graph named no place where the list of conversations goes on.'))
    } else if (this.#isStuck(rest.after, this.#cursor.after)) this.#restartList()
    else this.#cursor = { ...this.#cursor, after: rest.after }
    this.#endPassWhenRead()
    this.#total = total ?? this.#total
    return this.#buffer.isWorthwhile ? this.flush() : []
  }

  /** Takes a page of the first thread's messages; returns what is to be stored, once that is as much as a commit takes. */
  takeMessages(answer: MessagesPage): GraphPage[] {
    const { rest } = answer
    const full = this.#buffer.hasRoomFor(answer.item.events.length) ? [] : this.flush()
    this.#hasMoved = true
    this.#giveUp(this.#queue.answered())
    const thread = this.#thread
    if (answer.item.events.length > 0 || answer.rejected.length > 0) this.#keep([answer.item], answer.rejected)
    if (!rest || this.#reachesBack(answer.oldestMessage)) this.#leave()
    else if (rest.after === null || this.#isStuck(rest.after, thread.after)) this.#restartThread(thread)
    else this.#queue.goOn({ ...thread, after: rest.after })
    return [...full, ...(this.#isFull || (this.#queue.isEmpty && this.#buffer.isWorthwhile) ? this.flush() : [])]
  }

  /** Takes a request's failure: afterwards `next` says how it goes on. Throws what the walk cannot get past. */
  fail(error: unknown): void {
    // The list, asked about a thread, fails as well: it is not the thread.
    if (this.#inQuestion || !(error instanceof GraphError)) throw error
    const thread = this.#queue.first
    if (thread) this.#failThread(thread, error)
    else this.#failList(error)
    this.#hasMoved = true
  }

  /** What was read and not yet handed out, with the place to go on; cut into what a commit takes. */
  flush(): GraphPage[] {
    const parts = this.#buffer.takeAll()
    this.#hasMoved = false
    return parts.map((part, i) => {
      if (i < parts.length - 1) return { ...part, cursor: null }
      return { ...part, cursor: this.cursor, ...(this.#total === null ? {} : { totalEstimate: this.#total }) }
    })
  }

  /** Whether something was read, or the place to go on has moved, since the last page was handed out. */
  get hasUnstored(): boolean {
    return this.#hasMoved
  }

  get #thread(): ThreadCursor {
    const thread = this.#queue.first
    if (!thread) throw new RangeError('no thread is being read')
    return thread
  }

  /** Whether the next page of messages may be more than a commit takes. */
  get #isFull(): boolean {
    const next = this.#queue.first?.limit ?? this.#cursor.limit.messages
    return !this.#buffer.hasRoomFor(next) || this.#buffer.hasMostItems
  }

  #keep(items: readonly InboundItem[], rejected: readonly GraphRejection[]): void {
    this.#buffer.keep(
      items.map((item) => this.#told(item)),
      rejected,
    )
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
    if (!rest || this.#reachesBack(oldestMessage) || this.#cursor.given_up?.includes(thread.id)) return []
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
    if (!this.#cursor.at_end || !this.#queue.isEmpty) return
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
    // A place that is refused, by whatever code, would be refused to every later run as well.
    const isPlace = error.kind === 'invalid' && this.#cursor.after !== null
    if (error.kind === 'cursor' || isPlace) this.#restartList()
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
      this.#queue.goOn({ ...thread, after: null, limit: half(limit) })
    } else if (error.kind === 'too_much_data' || error.kind === 'invalid') {
      this.#leave()
      this.#setAside(thread, error)
    } else if (error.kind === 'permission') this.#inQuestion = error
    else if (error.isTransient && error.retryAfter === null) this.#postponeThread(error)
    else throw error
  }

  #postponeThread(error: GraphError): void {
    const next = this.#queue.postpone(error)
    this.#stuck = 0
    if (next === 'ask for something else') this.#inQuestion = error
    else if (next === 'let it be') throw error
  }

  /** The list is answered while a thread is not: so it is the thread. One that may pass by is left for the next stretch. */
  #takeVerdict(error: GraphError): GraphPage[] {
    this.#inQuestion = undefined
    if (error.kind === 'permission') {
      const thread = this.#thread
      this.#leave()
      this.#setAside(thread, error)
      return []
    }
    const unreadable = this.#queue.confirm()
    this.#giveUp(unreadable)
    if (unreadable.length === 0) throw error
    this.#endPassWhenRead()
    return []
  }

  #restartThread(thread: ThreadCursor): void {
    const restarts = (thread.restarts ?? 0) + 1
    this.#stuck = 0
    if (restarts > MOST_THREAD_RESTARTS) {
      this.#leave()
      this.#setAside(thread, new GraphError('cursor', 'A thread was begun again in vain.'))
    } else this.#queue.goOn({ ...thread, after: null, restarts })
  }

  #giveUp(unreadable: readonly Unreadable[]): void {
    if (unreadable.length === 0) return
    const given_up = [...(this.#cursor.given_up ?? []), ...unreadable.map(({ thread }) => thread.id)].slice(
      -MOST_GIVEN_UP,
    )
    this.#cursor = { ...this.#cursor, given_up }
    for (const { thread, error } of unreadable) this.#setAside(thread, error)
  }

  /** One thread that cannot be read must not keep the others from being read. */
  #setAside(thread: ThreadCursor, { kind, code, subcode }: GraphError): void {
    const item = { thread_id: thread.id, participant: thread.participant, error: { kind, code, subcode } }
    this.#keep([], [{ what: 'conversations', reason: 'unreadable_thread', path: '$.error', item }])
  }

  #leave(): void {
    this.#stuck = 0
    this.#queue.leave()
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

/** A head of the list that takes twice as many conversations, of which few have many new messages. */
function larger({ threads, nested }: PageLimits): Pick<PageLimits, 'threads' | 'nested'> {
  return { threads: Math.max(threads, Math.min(2 * threads, LARGEST_HEAD)), nested: Math.ceil(nested / 2) }
}

function half(limit: number): number {
  return Math.max(1, Math.floor(limit / 2))
}
