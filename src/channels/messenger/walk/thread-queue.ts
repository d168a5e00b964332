/** The threads of a list page whose messages go on, in the order to read them, and which of them Graph fails to give. */

import { GraphError } from '../graph/errors.ts'
import type { ThreadCursor } from './cursor.ts'

/** How often a thread may fail though Graph answers other requests afterwards; then it is the thread that fails, not Graph. */
const MOST_FAILURES = 3
/** So many threads that fail one after the other are Graph's failure. */
const FAILING_AT_ONCE = 2

/** A thread, and why it is not read. */
export interface Unreadable {
  thread: ThreadCursor
  error: GraphError
}

/**
 * A thread that fails is tried again behind the others, and stands in doubt until something else is answered: only that
 * counts as a failure of its own. So an outage counts nothing, however long it lasts.
 */
export class ThreadQueue {
  #threads: ThreadCursor[]
  /** How many threads failed in a row. */
  #failing = 0

  constructor(threads: readonly ThreadCursor[]) {
    this.#threads = [...threads]
  }

  /** The thread to read. */
  get first(): ThreadCursor | undefined {
    return this.#threads[0]
  }

  get all(): ThreadCursor[] {
    return [...this.#threads]
  }

  push(...threads: readonly ThreadCursor[]): void {
    this.#threads.push(...threads)
  }

  /** Where the first thread goes on. */
  goOn(thread: ThreadCursor): void {
    this.#threads[0] = thread
  }

  /** The first thread is read. */
  leave(): void {
    this.#threads.shift()
  }

  /**
   * The first thread failed though it may well not fail again. What that says: try the next one; ask for something else,
   * because no other thread is left to compare with; or let it be, because it is an outage.
   */
  postpone({ code, subcode }: GraphError): 'try the next' | 'ask for something else' | 'let it be' {
    const [thread, ...others] = this.#threads
    if (!thread) throw new RangeError('no thread is being read')
    const doubted = { ...thread, doubt: { code, subcode } }
    // Once all stand in doubt their order is left as it is: an outage that lasts changes nothing any more.
    this.#threads = this.#threads.every(({ doubt }) => doubt) ? [doubted, ...others] : [...others, doubted]
    this.#failing += 1
    if (this.#threads.every(({ doubt }) => doubt)) return 'ask for something else'
    return this.#failing < FAILING_AT_ONCE ? 'try the next' : 'let it be'
  }

  /** The first thread was answered: it is well, and the others that stand in doubt are not. Returns those to give up, which leave. */
  answered(): Unreadable[] {
    const [thread, ...others] = this.#threads
    if (!thread) return []
    const { doubt: _doubt, failures: _failures, ...well } = thread
    this.#threads = others
    const unreadable = this.confirm()
    this.#threads.unshift(well)
    return unreadable
  }

  /** Something else was answered: the threads in doubt fail by themselves. Returns those to give up, which leave. */
  confirm(): Unreadable[] {
    this.#failing = 0
    const unreadable: Unreadable[] = []
    this.#threads = this.#threads.flatMap(({ doubt, ...thread }) => {
      if (!doubt) return [thread]
      const failures = (thread.failures ?? 0) + 1
      if (failures < MOST_FAILURES) return [{ ...thread, failures }]
      unreadable.push({ thread, error: new GraphError('retryable', 'A thread failed again and again.', doubt) })
      return []
    })
    return unreadable
  }
}
