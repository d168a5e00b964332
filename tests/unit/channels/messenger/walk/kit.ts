import { type GraphCursor, readCursor } from '../../../../../src/channels/messenger/walk/cursor.ts'
import { OVERLAP } from '../../../../../src/channels/messenger/walk/list-page.ts'
import type { WalkSizes } from '../../../../../src/channels/messenger/walk/sizes.ts'
import type { GraphPage } from '../../../../../src/channels/messenger/walk/state.ts'
import {
  type ConversationWalk,
  type WalkOptions,
  type WalkSummary,
  walkConversations,
} from '../../../../../src/channels/messenger/walk/walk.ts'
import { clientFor, collect, conversation, type FakeGraph, NOW, PAGE } from '../fake-graph.ts'

export const now = Date.parse(NOW)
export const minutes = (count: number) => now - count * 60_000
export const iso = (at: number) => new Date(at).toISOString()

/** So many conversations ten minutes apart, each with so many messages a minute apart. */
export const conversations = (count: number, messages = 3) =>
  Array.from({ length: count }, (_, i) => conversation(`t_${i}`, minutes(10 * i + 1), messages))

/** Little is asked for at once, and every page of the list is handed out by itself. */
export const sizes: WalkSizes = { threads: 4, nested: 2, messages: 3, events: 0, items: 0 }

/** The run after one that ended with this watermark. */
export const runAfter = (watermark: number) => ({ mode: 'incremental' as const, since: iso(watermark - OVERLAP) })

export function walkOver(
  graph: FakeGraph,
  options: Partial<WalkOptions> = {},
  clientOptions: Parameters<typeof clientFor>[1] = {},
) {
  const { client, clock } = clientFor(graph.fetch, clientOptions)
  return { clock, walk: walkConversations({ client, mode: 'full', sizes, ...options }) }
}

export const read = (graph: FakeGraph, options: Partial<WalkOptions> = {}) => collect(walkOver(graph, options).walk)

export const lists = (graph: FakeGraph) => graph.asked.filter(({ node }) => node === PAGE)
/** Where the list was asked for. */
export const places = (graph: FakeGraph) => lists(graph).map(({ after }) => after)

/** What comes back of a cursor that was stored. */
export const stored = (cursor: GraphCursor | null | undefined): GraphCursor | undefined =>
  readCursor(JSON.parse(JSON.stringify(cursor ?? null)))

/** What a run has stored, by whichever process. */
export class StoredRun {
  readonly pages: GraphPage[] = []
  cursor: GraphCursor | undefined

  /** Stores what the walk hands out; undefined when so many pages were stored before its end, and the process died. */
  async store(walk: ConversationWalk, most = Number.POSITIVE_INFINITY): Promise<WalkSummary | undefined> {
    for (let taken = 0; taken < most; taken += 1) {
      const step = await walk.next()
      if (step.done) return step.value
      this.pages.push(step.value)
      if (step.value.cursor) this.cursor = stored(step.value.cursor)
    }
    await walk[Symbol.asyncDispose]()
    return undefined
  }
}
