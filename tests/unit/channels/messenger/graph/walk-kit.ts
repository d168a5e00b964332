import { type WalkOptions, walkConversations } from '../../../../../src/channels/messenger/graph/walk.ts'
import { clientFor, collect, conversation, type FakeGraph, NOW, PAGE } from './fake-graph.ts'

export const now = Date.parse(NOW)
export const minutes = (count: number) => now - count * 60_000

/** So many conversations ten minutes apart, each with so many messages a minute apart. */
export const conversations = (count: number, messages = 3) =>
  Array.from({ length: count }, (_, i) => conversation(`t_${i}`, minutes(10 * i + 1), messages))

export const limits = { threads: 4, nested: 2, messages: 3 }
/** Every page of the list is stored by itself. */
export const worthwhile = { events: 0, items: 0 }

export function walkOver(
  graph: FakeGraph,
  options: Partial<WalkOptions> = {},
  clientOptions: Parameters<typeof clientFor>[1] = {},
) {
  const { client, clock } = clientFor(graph.fetch, clientOptions)
  return { clock, walk: walkConversations({ client, mode: 'full', limits, worthwhile, ...options }) }
}

export const read = (graph: FakeGraph, options: Partial<WalkOptions> = {}) => collect(walkOver(graph, options).walk)

export const lists = (graph: FakeGraph) => graph.asked.filter(({ node }) => node === PAGE)
