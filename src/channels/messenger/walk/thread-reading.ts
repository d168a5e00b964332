/** Reads the remaining messages of a list page's threads, and decides what becomes of a thread that fails. Pure. */
import type { ListedConversation, MessagesPage, MessagesRequest } from '../client.ts'
import { GraphError } from '../graph/errors.ts'
import type { GraphRejection } from '../graph/schema.ts'
import { type GraphCursor, type ThreadCursor, timeOf } from './cursor.ts'
import { half } from './sizes.ts'
import { ThreadQueue, type Unreadable } from './thread-queue.ts'
import { follow } from './trail.ts'

/** A thread may start from its top this often because Graph refuses its cursor. Then it is set aside. */
const MAX_THREAD_RESTARTS = 3
/** This many given-up threads are remembered. A run with more asks for the oldest ones again. */
const MAX_GIVEN_UP = 100

/** An unreadable thread must not keep the others from being read. Each method returns the threads that it sets aside. */
export class ThreadReading {
  readonly #queue: ThreadQueue
  /** How many messages are asked for. */
  readonly #limit: number
  /** Messages before this time are not wanted; milliseconds since 1970. */
  readonly #since: number | null
  #givenUp: readonly string[]
  /** A thread's failure, while a probe of the list shows whether it is the thread's own. */
  #probed: GraphError | undefined

  constructor({ threads, given_up = [], limit, messages_since }: GraphCursor) {
    this.#queue = new ThreadQueue(threads)
    this.#limit = limit.messages
    this.#since = messages_since === null ? null : timeOf(messages_since)
    this.#givenUp = given_up
  }

  get cursor(): Pick<GraphCursor, 'threads' | 'given_up'> {
    const threads = this.#queue.all
    return this.#givenUp.length === 0 ? { threads } : { threads, given_up: [...this.#givenUp] }
  }

  /** What to ask for next; undefined when all are read. */
  get request(): MessagesRequest | undefined {
    const thread = this.#queue.first
    return thread && { thread, after: thread.after, limit: thread.limit ?? this.#limit }
  }

  /** True while the list must be asked instead. When Graph answers that, the failure is the thread's own. */
  get isProbing(): boolean {
    return this.#probed !== undefined
  }

  /** Adds the conversations of a list page that have more messages, unless those that came are already too old. */
  add(conversations: readonly ListedConversation[]): void {
    const unfinished = conversations.flatMap(({ thread, rest, oldestMessage }) => {
      if (!rest || this.#reachesBack(oldestMessage) || this.#givenUp.includes(thread.id)) return []
      // Without a named place it starts from the top.
      return [{ ...thread, after: rest.after }]
    })
    this.#queue.push(...unfinished)
  }

  /** Takes a page of the first thread's messages. */
  take({ rest, oldestMessage }: MessagesPage): GraphRejection[] {
    const unreadable = this.#giveUp(this.#queue.confirmFirst())
    const thread = this.#first
    if (!rest || this.#reachesBack(oldestMessage)) {
      this.#queue.removeFirst()
      return unreadable
    }
    const trail = rest.after === null ? undefined : follow(thread.trail, rest.after, thread.after)
    if (!trail) return [...unreadable, ...this.#restart(thread)]
    this.#queue.replaceFirst({ ...thread, after: rest.after, trail })
    return unreadable
  }

  /** Takes the failure of the first thread. Throws what the walk cannot get past. */
  fail(error: GraphError): GraphRejection[] {
    const thread = this.#first
    const limit = thread.limit ?? this.#limit
    if (error.kind === 'cursor') return this.#restart(thread)
    // Graph shows only the newest messages of some threads.
    if (error.isUnavailable && thread.after !== null) this.#queue.removeFirst()
    else if (error.kind === 'too_much_data' && limit > 1) {
      this.#queue.replaceFirst({ ...fromTop(thread), limit: half(limit) })
    } else if (error.kind === 'too_much_data' || error.kind === 'invalid') return this.#setAside(thread, error)
    else if (error.kind === 'permission') this.#probed = error
    else if (error.isTransient && error.retryAfter === null) this.#postpone(error)
    else throw error
    return []
  }

  /**
   * Graph answered the probe, so the failure is the thread's own. Throws a failure that may pass, for the next stretch to
   * try again.
   */
  attributeFailure(): GraphRejection[] {
    const error = this.#probed
    if (!error) return []
    this.#probed = undefined
    if (error.kind === 'permission') return this.#setAside(this.#first, error)
    const unreadable = this.#giveUp(this.#queue.confirmAll())
    if (unreadable.length === 0) throw error
    return unreadable
  }

  get #first(): ThreadCursor {
    const thread = this.#queue.first
    if (!thread) throw new RangeError('no thread is being read')
    return thread
  }

  /** Messages come newest first: behind one that is older there are only older ones. */
  #reachesBack(oldestMessage: number | null): boolean {
    return this.#since !== null && oldestMessage !== null && oldestMessage < this.#since
  }

  #postpone(error: GraphError): void {
    const verdict = this.#queue.postpone(error)
    if (verdict === 'probe') this.#probed = error
    else if (verdict === 'outage') throw error
  }

  #restart(thread: ThreadCursor): GraphRejection[] {
    const restarts = (thread.restarts ?? 0) + 1
    if (restarts > MAX_THREAD_RESTARTS) {
      return this.#setAside(thread, new GraphError('cursor', 'Graph kept refusing the cursor of a thread.'))
    }
    this.#queue.replaceFirst({ ...fromTop(thread), restarts })
    return []
  }

  /** The first thread is not read any further. */
  #setAside(thread: ThreadCursor, error: GraphError): GraphRejection[] {
    this.#queue.removeFirst()
    return [rejection({ thread, error })]
  }

  /** Remembers threads that left the queue, so that this run does not ask for them again. */
  #giveUp(unreadable: readonly Unreadable[]): GraphRejection[] {
    this.#givenUp = [...this.#givenUp, ...unreadable.map(({ thread }) => thread.id)].slice(-MAX_GIVEN_UP)
    return unreadable.map(rejection)
  }
}

function fromTop({ trail: _trail, ...thread }: ThreadCursor): ThreadCursor {
  return { ...thread, after: null }
}

function rejection({ thread, error: { kind, code, subcode } }: Unreadable): GraphRejection {
  const item = { thread_id: thread.id, participant: thread.participant, error: { kind, code, subcode } }
  return { what: 'conversations', reason: 'unreadable_thread', path: '$.error', item }
}
