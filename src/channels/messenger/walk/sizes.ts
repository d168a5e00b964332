/** How much a walk asks for at once, and hands out at once. */
import type { PageLimits } from './cursor.ts'
import type { Worthwhile } from './page-buffer.ts'

export interface WalkSizes extends PageLimits, Worthwhile {}

/**
 * Few threads of a page have more messages than come with it, and each of those costs a request: so many messages, for fewer
 * conversations. A commit by itself costs as much as some hundred rows: so none of less, unless there is no more.
 */
export const WALK_SIZES: WalkSizes = { threads: 25, nested: 100, messages: 200, events: 1500, items: 300 }

/** What is asked for where Graph wants to be asked for less. */
export function half(limit: number): number {
  return Math.max(1, Math.floor(limit / 2))
}
