/** The threads of a list page that have more messages, in reading order, and which of them Graph fails to give. */

import { GraphError } from '../graph/errors.ts'
import type { ThreadCursor } from './cursor.ts'

/** A thread may fail this often while Graph answers other requests afterwards. Then the thread fails, not Graph. */
const MAX_FAILURES = 3
/** This many threads that fail in a row are an outage of Graph. */
const OUTAGE_FAILURES = 2

/** A thread, and why it is not read. */
export interface Unreadable {
  thread: ThreadCursor
  error: GraphError
}

/**
 * What a passing failure of the first thread means. `next`: try the next thread. `probe`: no other thread is left to
 * compare with, so ask for something else. `outage`: Graph is away.
 */
export type FailureVerdict = 'next' | 'probe' | 'outage'

/**
 * A thread that fails moves behind the others, and is in doubt until Graph answers something else. Only then does the
 * failure count as the thread's own. So an outage counts nothing, however long it lasts.
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

  /** Says where the first thread resumes. */
  replaceFirst(thread: ThreadCursor): void {
    this.#threads[0] = thread
  }

  /** The first thread is read, or will not be read further. */
  removeFirst(): void {
    this.#threads.shift()
  }

  /** Takes a failure of the first thread that the same request may not meet again, and says what it means. */
  postpone({ code, subcode }: GraphError): FailureVerdict {
    const [thread, ...others] = this.#threads
    if (!thread) throw new RangeError('no thread is being read')
    const doubted = { ...thread, doubt: { code, subcode } }
    // Once all are in doubt the order stays: a lasting outage then changes nothing.
    this.#threads = this.#threads.every(({ doubt }) => doubt) ? [doubted, ...others] : [...others, doubted]
    this.#failing += 1
    if (this.#threads.every(({ doubt }) => doubt)) return 'probe'
    return this.#failing < OUTAGE_FAILURES ? 'next' : 'outage'
  }

  /**
   * Graph answered for the first thread: its doubt ends, and the other doubted threads have failed by themselves.
   * Returns the threads to give up, which leave the queue.
   */
  confirmFirst(): Unreadable[] {
    const [thread, ...others] = this.#threads
    if (!thread) return []
    const { doubt: _doubt, failures: _failures, ...well } = thread
    this.#threads = others
    const unreadable = this.confirmAll()
    this.#threads.unshift(well)
    return unreadable
  }

  /**
   * Graph answered something else: every doubted thread has failed by itself.
   * Returns the threads to give up, which leave the queue.
   */
  confirmAll(): Unreadable[] {
    this.#failing = 0
    const unreadable: Unreadable[] = []
    this.#threads = this.#threads.flatMap(({ doubt, ...thread }) => {
      if (!doubt) return [thread]
      const failures = (thread.failures ?? 0) + 1
      if (failures < MAX_FAILURES) return [{ ...thread, failures }]
      unreadable.push({ thread, error: new GraphError('retryable', 'A thread failed again and again.', doubt) })
      return []
    })
    return unreadable
  }
}
