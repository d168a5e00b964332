/** The passes over the list of conversations: where one resumes, when it starts again, and which is the last. Pure. */
import type { ConversationsPage, ConversationsRequest, ListedConversation } from '../client.ts'
import { GraphError } from '../graph/errors.ts'
import { type GraphCursor, type PageLimits, timeOf } from './cursor.ts'
import { OVERLAP, readListPage } from './list-page.ts'
import { half } from './sizes.ts'
import { follow } from './trail.ts'

/** The most conversations that are asked for when the head is read again. */
const MAX_HEAD = 400
/** How often the head is read again at most. */
export const MAX_RESCANS = 10
/** How often the list may be begun again in a run because its cursor is not accepted. */
export const MAX_RESTARTS = 10

/** The list's part of the cursor. */
type ListCursor = Omit<GraphCursor, 'threads' | 'given_up'>

/**
 * The list reorders while it is read: what moves to the head before it was reached is missed. So the head is read again,
 * down to where the pass began, until all that changed since then comes on one page: a single answer has no before and
 * after. A page too busy for that keeps its old watermark, so that the next run looks at the same time again.
 */
export class ListPass {
  #cursor: ListCursor

  constructor(cursor: ListCursor) {
    this.#cursor = cursor
  }

  get cursor(): ListCursor {
    return this.#cursor
  }

  /** What to ask for next; undefined after the last pass. */
  get request(): ConversationsRequest | undefined {
    const { pass, after, limit } = this.#cursor
    return pass === 'done' ? undefined : { after, limit: limit.threads, nested: limit.nested }
  }

  /** True while the pass waits for its last threads to be read, and then for `end`. */
  get isAtEnd(): boolean {
    return this.#cursor.at_end && this.#cursor.pass !== 'done'
  }

  /** Those that the pass is about: what is of an unknown time may be new. */
  wanted(conversations: readonly ListedConversation[]): ListedConversation[] {
    const { since } = this.#cursor
    if (since === null) return [...conversations]
    const from = timeOf(since)
    return conversations.filter(({ thread }) => (thread.updatedAt ?? from) >= from)
  }

  /** Goes on behind a page that was asked for at this time. Throws what the walk cannot get past. */
  take({ conversations, rest }: ConversationsPage, askedAt: number): void {
    const told = conversations.flatMap(({ thread }) => (thread.updatedAt === null ? [] : [thread.updatedAt]))
    const { isOver, ...seen } = readListPage(this.#cursor, { told, hasRest: rest !== undefined, askedAt })
    this.#cursor = { ...this.#cursor, ...seen }
    if (!rest || isOver) this.#cursor = { ...this.#cursor, after: null, at_end: true }
    else if (rest.after === null) {
      this.fail(new GraphError('invalid', 'Graph named no place where the list of conversations continues.'))
    } else {
      const trail = follow(this.#cursor.trail, rest.after, this.#cursor.after)
      if (trail) this.#cursor = { ...this.#cursor, after: rest.after, trail }
      else this.#restart()
    }
  }

  /** Throws what the walk cannot get past. */
  fail(error: GraphError): void {
    // A place that is refused, by whatever code, would be refused to every later run as well.
    const isPlace = error.kind === 'invalid' && this.#cursor.after !== null
    if (error.kind === 'cursor' || isPlace) this.#restart()
    else if (error.kind === 'too_much_data') this.#shrink(error)
    else throw error
  }

  /** The threads of the pass are read too: another one follows, over the head, or none. */
  end(): void {
    const { is_settled, high_watermark, since, messages_since, rescans, limit } = this.#cursor
    if (is_settled || rescans === MAX_RESCANS) {
      // `messages_since` is where the run began.
      const reached = is_settled ? (high_watermark ?? since) : messages_since
      this.#cursor = { ...this.#cursor, pass: 'done', high_watermark: reached }
      return
    }
    const from = high_watermark === null ? since : new Date(timeOf(high_watermark) - OVERLAP).toISOString()
    // The larger the page, the more may have changed at once and still be on it.
    this.#begin({ pass: 'rescan', since: from, rescans: rescans + 1, limit: larger(limit) })
  }

  #restart(): void {
    const restarts = this.#cursor.restarts + 1
    if (restarts > MAX_RESTARTS) {
      throw new GraphError('cursor', `The list of conversations was begun again ${MAX_RESTARTS} times in vain.`)
    }
    this.#begin({ restarts })
  }

  #shrink(error: GraphError): void {
    const { limit } = this.#cursor
    if (limit.threads === 1 && limit.nested === 1) throw error
    this.#begin({ limit: { ...limit, threads: half(limit.threads), nested: half(limit.nested) } })
  }

  /** At the head of the list, with these changes. */
  #begin(changes: Partial<ListCursor>): void {
    const head = { after: null, at_end: false, high_watermark: null, is_settled: false }
    const { trail: _trail, ...cursor } = this.#cursor
    this.#cursor = { ...cursor, ...head, ...changes }
  }
}

/** A head of the list that takes twice as many conversations, of which few have many new messages. */
function larger(limit: PageLimits): PageLimits {
  const threads = Math.max(limit.threads, Math.min(2 * limit.threads, MAX_HEAD))
  return { ...limit, threads, nested: Math.ceil(limit.nested / 2) }
}
