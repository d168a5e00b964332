/** Walks through a page's conversations and all their messages, a commit's worth at a time. */
import { OutOfTime } from '../../retry.ts'
import type { ConversationsPage, GraphClient, MessagesPage } from '../client.ts'
import type { GraphCursor } from './cursor.ts'
import { type GraphPage, type WalkRequest, type WalkStart, WalkState } from './walk-state.ts'

export interface WalkOptions extends Omit<WalkStart, 'now'> {
  client: GraphClient
  /** The time, in milliseconds since 1970, at which the walk stops and returns where it is. */
  until?: number
  /** Stops the walk as `until` does. */
  signal?: AbortSignal
}

export interface WalkSummary {
  /** False when the time was over first. */
  done: boolean
  /** Where to go on; `done` when there is nothing left. */
  cursor: GraphCursor
}

export type ConversationWalk = AsyncGenerator<GraphPage, WalkSummary, void>

type Outcome =
  | { kind: 'conversations'; answer: ConversationsPage; askedAt: number }
  | { kind: 'messages'; answer: MessagesPage }
  | { kind: 'failed'; error: unknown }

/**
 * Each page is handed out once, in the order to store them; storing one with its cursor and starting a new walk there
 * leaves nothing out, though it may read something twice. While a page is being stored the next answer is asked for: one
 * ahead, and none while Graph's limits are nearly used up. Throws the GraphError that the walk cannot get past, or what the
 * client's `take` throws, once everything read before was handed out.
 */
export async function* walkConversations(options: WalkOptions): ConversationWalk {
  const { client, until = Number.POSITIVE_INFINITY } = options
  const state = new WalkState({ ...options, now: client.now() })
  const left = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal
  const isOver = () => signal.aborted || client.now() >= until
  /** Never rejects: nobody may be waiting yet for what is asked ahead. */
  const ask = (wanted: WalkRequest): Promise<Outcome> =>
    read(client, wanted, { until, signal }).catch((error: unknown) => ({ kind: 'failed', error }))

  let ahead: Promise<Outcome> | undefined
  try {
    for (;;) {
      const wanted = state.next()
      if (!wanted) {
        if (state.hasUnstored) yield* state.flush()
        return { done: true, cursor: state.cursor }
      }
      const outcome = isOver() && !ahead ? undefined : await (ahead ?? ask(wanted))
      ahead = undefined
      if (!outcome || (outcome.kind === 'failed' && (signal.aborted || outcome.error instanceof OutOfTime))) {
        if (state.hasUnstored) yield* state.flush()
        return { done: false, cursor: state.cursor }
      }
      let pages: GraphPage[]
      try {
        pages = take(state, outcome)
      } catch (error) {
        if (state.hasUnstored) yield* state.flush()
        throw error
      }
      const next = state.next()
      const isCalm = outcome.kind !== 'failed' && outcome.answer.usage.state === 'ok'
      if (pages.length > 0 && next && isCalm && !isOver()) ahead = ask(next)
      yield* pages
    }
  } finally {
    left.abort()
  }
}

/** What is to be stored of an outcome. */
function take(state: WalkState, outcome: Outcome): GraphPage[] {
  if (outcome.kind === 'conversations') return state.takeConversations(outcome.answer, outcome.askedAt)
  if (outcome.kind === 'messages') return state.takeMessages(outcome.answer)
  state.fail(outcome.error)
  return []
}

async function read(
  client: GraphClient,
  wanted: WalkRequest,
  run: { until: number; signal: AbortSignal },
): Promise<Outcome> {
  if (wanted.kind === 'conversations') {
    const askedAt = client.now()
    return { kind: 'conversations', answer: await client.listConversations(wanted.page, run), askedAt }
  }
  return { kind: 'messages', answer: await client.listMessages(wanted.page, run) }
}
