/** Walks through a page's conversations and all their messages, a commit's worth at a time. */
import { OutOfTime } from '../../../lib/retry.ts'
import type { GraphClient } from '../client.ts'
import type { RunLimits } from '../graph/request.ts'
import type { GraphCursor } from './cursor.ts'
import { type GraphPage, type WalkRequest, type WalkStart, WalkState } from './state.ts'

export interface WalkOptions extends WalkStart {
  client: GraphClient
  /** The time, in milliseconds since 1970, at which the walk stops and returns where it is. */
  until?: number
  /** Stops the walk as `until` does. */
  signal?: AbortSignal
}

export interface WalkSummary {
  /** False when the time was over first. */
  done: boolean
  /** Where to resume; `done` when nothing is left. */
  cursor: GraphCursor
}

export type ConversationWalk = AsyncGenerator<GraphPage, WalkSummary, void>

/**
 * Hands out each page once, in the order to store them. A new walk from a stored page's cursor leaves nothing out, though
 * it may read something twice. It asks for one thing at a time, and only when the caller wants the next page. Once
 * everything that was read is handed out it throws the GraphError that it cannot get past or that the time ended with,
 * or what the client's `acquire` throws.
 */
export async function* walkConversations(options: WalkOptions): ConversationWalk {
  const { client, until, signal } = options
  const state = new WalkState(options)
  try {
    for (let wanted = state.request; wanted; wanted = state.request) {
      yield* await read(state, client, wanted, { until, signal })
    }
  } catch (error) {
    yield* state.flushRemaining()
    const isStopped = signal?.aborted === true && (error === signal.reason || error instanceof OutOfTime)
    // The last failure used up the time, so the next walk would meet it again.
    const failure = error instanceof OutOfTime ? state.failure : error
    if (failure && !isStopped) throw failure
  }
  yield* state.flushRemaining()
  return { done: state.request === undefined, cursor: state.cursor }
}

/** Asks for what is wanted; returns what is to be stored. Throws what the walk cannot get past. */
async function read(state: WalkState, client: GraphClient, wanted: WalkRequest, run: RunLimits): Promise<GraphPage[]> {
  const getPast = (error: unknown) => state.fail(error)
  if (wanted.kind === 'conversations') {
    const askedAt = client.now()
    const answer = await client.listConversations(wanted.page, run).catch(getPast)
    return answer ? state.takeConversations(answer, askedAt) : []
  }
  const answer = await client.listMessages(wanted.page, run).catch(getPast)
  return answer ? state.takeMessages(answer) : []
}
