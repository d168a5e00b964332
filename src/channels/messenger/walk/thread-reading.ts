/** Reads the threads of a list page on to where they are wanted, and decides what becomes of one that fails. Pure. */
import type { ListedConversation, MessagesPage, MessagesRequest } from '../client.ts'
import { GraphError } from '../graph/errors.ts'
import type { GraphRejection } from '../graph/schema.ts'
import { type GraphCursor, type ThreadCursor, timeOf } from './cursor.ts'
import { half } from './sizes.ts'
import { ThreadQueue, type Unreadable } from './thread-queue.ts'
import { follow } from './trail.ts'

/** How often a thread may be begun again because its cursor is not accepted; then it is set aside. */
const MOST_THREAD_RESTARTS = 3
/** So many threads that were given up are remembered: a run that has more asks for them again. */
const MOST_GIVEN_UP = 100

/** One thread that cannot be read must not keep the others from being read: each method returns the threads that it sets aside. */
export class ThreadReading {
  readonly #queue: ThreadQueue
  /** How many messages are asked for. */
  readonly #limit: number
  /** Messages before this time are not wanted; milliseconds since 1970. */
  readonly #since: number | null
  #givenUp: readonly string[]
  /** A thread's failure, while the list is asked whether it is the thread's own. */
  #inQuestion: GraphError | undefined

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

  /** True while the list is to be asked instead: where it is answered too, the failure is the thread's own. */
  get isInQuestion(): boolean {
    return this.#inQuestion !== undefined
  }

  /** Those of a list page whose messages go on, where the ones that came are not older than what is wanted. */
  add(conversations: readonly ListedConversation[]): void {
    const goingOn = conversations.flatMap(({ thread, rest, oldestMessage }) => {
      if (!rest || this.#reachesBack(oldestMessage) || this.#givenUp.includes(thread.id)) return []
      // A place that cannot be named is reached from the top.
      return [{ ...thread, after: rest.after }]
    })
    this.#queue.push(...goingOn)
  }

  /** Takes a page of the first thread's messages. */
  take({ rest, oldestMessage }: MessagesPage): GraphRejection[] {
    const unreadable = this.#giveUp(this.#queue.answered())
    const thread = this.#first
    if (!rest || this.#reachesBack(oldestMessage)) {
      this.#queue.leave()
      return unreadable
    }
    const trail = rest.after === null ? undefined : follow(thread.trail, rest.after, thread.after)
    if (!trail) return [...unreadable, ...this.#restart(thread)]
    this.#queue.goOn({ ...thread, after: rest.after, trail })
    return unreadable
  }

  /** Takes the failure of the first thread. Throws what the walk cannot get past. */
  fail(error: GraphError): GraphRejection[] {
    const thread = this.#first
    const limit = thread.limit ?? this.#limit
    if (error.kind === 'cursor') return this.#restart(thread)
    // The newest messages are all that Graph shows of some threads.
    if (error.isUnavailable && thread.after !== null) this.#queue.leave()
    else if (error.kind === 'too_much_data' && limit > 1) {
      this.#queue.goOn({ ...fromTop(thread), limit: half(limit) })
    } else if (error.kind === 'too_much_data' || error.kind === 'invalid') return this.#setAside(thread, error)
    else if (error.kind === 'permission') this.#inQuestion = error
    else if (error.isTransient && error.retryAfter === null) this.#postpone(error)
    else throw error
    return []
  }

  /** The list is answered: the failure in question is the thread's own. Throws one that may pass by, for the next stretch to try. */
  blame(): GraphRejection[] {
    const error = this.#inQuestion
    if (!error) return []
    this.#inQuestion = undefined
    if (error.kind === 'permission') return this.#setAside(this.#first, error)
    const unreadable = this.#giveUp(this.#queue.confirm())
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
    const next = this.#queue.postpone(error)
    if (next === 'ask for something else') this.#inQuestion = error
    else if (next === 'let it be') throw error
  }

  #restart(thread: ThreadCursor): GraphRejection[] {
    const restarts = (thread.restarts ?? 0) + 1
    if (restarts > MOST_THREAD_RESTARTS) {
      return this.#setAside(thread, new GraphError('cursor', 'A thread was begun again in vain.'))
    }
    this.#queue.goOn({ ...fromTop(thread), restarts })
    return []
  }

  /** The first thread is not read any further. */
  #setAside(thread: ThreadCursor, error: GraphError): GraphRejection[] {
    this.#queue.leave()
    return [rejection({ thread, error })]
  }

  /** They have left the queue, and are not asked for again in this run. */
  #giveUp(unreadable: readonly Unreadable[]): GraphRejection[] {
    this.#givenUp = [...this.#givenUp, ...unreadable.map(({ thread }) => thread.id)].slice(-MOST_GIVEN_UP)
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
