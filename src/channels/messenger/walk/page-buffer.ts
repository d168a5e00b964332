/** What was read and is not handed out yet, and how much of it one commit takes. */
import type { InboundItem } from '../../../contract/inbound.ts'
import { CALL_LIMITS, sliceItems } from '../../../contract/slice.ts'
import type { GraphRejection } from '../graph/schema.ts'

/** How much is worth a commit: so many events, or so many items and things set aside. */
export interface Worthwhile {
  events: number
  items: number
}

/** What one commit takes of things set aside. */
const MAX_REJECTED = 1000

export class PageBuffer {
  readonly #worthwhile: Worthwhile
  #items: InboundItem[] = []
  readonly #byThread = new Map<string, InboundItem>()
  #rejected: GraphRejection[] = []
  #events = 0

  constructor(worthwhile: Worthwhile) {
    this.#worthwhile = worthwhile
  }

  keep(items: readonly InboundItem[], rejected: readonly GraphRejection[]): void {
    for (const item of items) this.#join(item)
    this.#rejected.push(...rejected)
    this.#events += items.reduce((count, { events }) => count + events.length, 0)
  }

  /** What is read of one thread is one item: a commit of conversations that are all new is the cheapest. */
  #join(item: InboundItem): void {
    const known = item.thread_id === undefined ? undefined : this.#byThread.get(item.thread_id)
    if (known) {
      known.events.push(...item.events)
      Object.assign(known, { ...item, events: known.events })
      return
    }
    const kept = { ...item, events: [...item.events] }
    this.#items.push(kept)
    if (item.thread_id !== undefined) this.#byThread.set(item.thread_id, kept)
  }

  /** Whether so many more messages still are one commit, whether they can be read or are set aside. */
  hasRoomFor(messages: number): boolean {
    return this.#events + messages <= CALL_LIMITS.maxEvents && this.#rejected.length + messages <= MAX_REJECTED
  }

  get isWorthwhile(): boolean {
    const { events, items } = this.#worthwhile
    return this.#events >= events || this.#items.length + this.#rejected.length >= items
  }

  /** Everything, in parts that a commit takes; one at least. */
  takeAll(): { items: InboundItem[]; rejected: GraphRejection[] }[] {
    const slices = sliceItems(this.#items)
    const rejected = this.#rejected
    const count = Math.max(1, slices.length, Math.ceil(rejected.length / MAX_REJECTED))
    this.#items = []
    this.#byThread.clear()
    this.#rejected = []
    this.#events = 0
    return Array.from({ length: count }, (_, i) => ({
      items: slices[i] ?? [],
      rejected: rejected.slice(i * MAX_REJECTED, (i + 1) * MAX_REJECTED),
    }))
  }
}
