/** What was read and is not handed out yet, and how much of it one commit takes. */
import type { InboundItem } from '../../inbound.ts'
import { CALL_LIMITS, sliceItems } from '../../slice.ts'
import type { GraphRejection } from './schema.ts'

/** How much is worth a commit. */
export interface Worthwhile {
  events: number
  items: number
}

/** What is handed out at least, unless there is no more: a commit by itself costs as much as some hundred rows. */
export const WORTHWHILE: Worthwhile = { events: 1500, items: 300 }
/** What one commit takes of things set aside. */
const MOST_REJECTED = 1000

export class PageBuffer {
  readonly #worthwhile: Worthwhile
  #items: InboundItem[] = []
  #rejected: GraphRejection[] = []
  #events = 0

  constructor(worthwhile: Worthwhile) {
    this.#worthwhile = worthwhile
  }

  keep(items: readonly InboundItem[], rejected: readonly GraphRejection[]): void {
    const last = this.#items.at(-1)
    const [first] = items
    // Pages of one thread are one item.
    if (last && items.length === 1 && first?.thread_id === last.thread_id) last.events.push(...(first?.events ?? []))
    else this.#items.push(...items)
    this.#rejected.push(...rejected)
    this.#events += items.reduce((count, { events }) => count + events.length, 0)
  }

  /** Whether so many more events still are one commit. */
  hasRoomFor(events: number): boolean {
    return this.#events + events <= CALL_LIMITS.maxEvents
  }

  get hasMostItems(): boolean {
    return this.#items.length >= CALL_LIMITS.maxItems
  }

  get isWorthwhile(): boolean {
    const { events, items } = this.#worthwhile
    return this.#events >= events || this.#items.length + this.#rejected.length >= items
  }

  /** Everything, in parts that a commit takes; one at least. */
  takeAll(): { items: InboundItem[]; rejected: GraphRejection[] }[] {
    const slices = sliceItems(this.#items)
    const rejected = this.#rejected
    const count = Math.max(1, slices.length, Math.ceil(rejected.length / MOST_REJECTED))
    this.#items = []
    this.#rejected = []
    this.#events = 0
    return Array.from({ length: count }, (_, i) => ({
      items: slices[i] ?? [],
      rejected: rejected.slice(i * MOST_REJECTED, (i + 1) * MOST_REJECTED),
    }))
  }
}
