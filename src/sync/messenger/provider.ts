/** Messenger's part of a sync: the conversations and messages of a page, read through the Graph API. */
import { createGraphClient, type GraphClient, type GraphClientOptions } from '../../channels/messenger/client.ts'
import { graphTokens } from '../../channels/messenger/graph/credentials.ts'
import { GraphError, type GraphErrorKind } from '../../channels/messenger/graph/errors.ts'
import type { GraphUsage } from '../../channels/messenger/graph/usage.ts'
import { readCursor } from '../../channels/messenger/walk/cursor.ts'
import { walkConversations } from '../../channels/messenger/walk/walk.ts'
import { readAhead } from '../../lib/read-ahead.ts'
import type { ProviderFailure, SyncFailure } from '../failure.ts'
import type { Stretch, StretchEnd, SyncProvider } from '../provider.ts'
import type { RateLimiter } from '../rate-limiter.ts'

export interface MessengerSyncOptions
  extends Omit<GraphClientOptions, 'pageId' | 'token' | 'baseUrl' | 'acquire' | 'onUsage' | 'clock'> {
  /** After so many messages a call begins no further page: an Edge Function has two seconds of CPU. */
  maxMessages?: number
}

const MAX_MESSAGES = 50_000
/** Pages that are read while one is being stored: more would only fill the memory. */
const PAGES_AHEAD = 2
/** How long nobody asks a page whose limits are nearly used up. */
const PRESSURE_SECONDS = 60
/** How long nobody asks a page that Meta blocked for its policies. A person has to look at it. */
const POLICY_SECONDS = 3600

const RECONNECT_HINT = 'Connect the page again and set its new token in MESSENGER_TOKENS.'
const PERMISSION_HINT = 'Give the app the permissions pages_messaging and pages_manage_metadata for this page.'
const POLICY_HINT = 'Meta blocked the page or the app for its policies: look at its account quality, and wait.'
const CURSOR_HINT = 'Call again: the next run reads the list from its head.'
const INVALID_HINT = 'The log names what Graph answered; the next run resumes from the last page.'

/** How a run ends that Graph refused, and what to do about it. */
const ENDS: Readonly<Record<GraphErrorKind, SyncFailure & { hint?: string }>> = {
  retryable: { status: 'paused', code: 'provider_unavailable' },
  throttled: { status: 'paused', code: 'throttled' },
  token: { status: 'failed', code: 'reconnect', hint: RECONNECT_HINT },
  permission: { status: 'failed', code: 'permission', hint: PERMISSION_HINT },
  policy: { status: 'failed', code: 'policy', hint: POLICY_HINT },
  cursor: { status: 'failed', code: 'cursor', hint: CURSOR_HINT },
  too_much_data: { status: 'failed', code: 'invalid', hint: INVALID_HINT },
  invalid: { status: 'failed', code: 'invalid', hint: INVALID_HINT },
}

/** The page's token is in the function secret MESSENGER_TOKENS. */
export function messengerProvider({
  maxMessages = MAX_MESSAGES,
  ...clientOptions
}: MessengerSyncOptions = {}): SyncProvider {
  return {
    channel: 'messenger',
    functionName: 'conversation-sync',
    accountName: 'Messenger',
    serviceName: 'Graph',
    keepsCursor: false,
    open({ external_id: pageId }, env) {
      const credentials = graphTokens(env, pageId)
      return (stretch) => {
        const { limiter, clock } = stretch
        const { acquire } = limiter
        const onUsage = (usage: GraphUsage) => pauseNearLimits(limiter, usage)
        const client = createGraphClient({ ...clientOptions, ...credentials, pageId, clock, acquire, onUsage })
        return readConversations(client, stretch, maxMessages)
      }
    },
    failureOf,
  }
}

/** Blocks the page's bucket for as long as the headers of an answer say. */
export async function pauseNearLimits(limiter: RateLimiter, { state, blockMinutes }: GraphUsage): Promise<void> {
  if (state === 'ok') return
  await limiter.block(state === 'blocked' ? blockMinutes * 60 : PRESSURE_SECONDS)
}

/** Stores page after page, until everything is read, the time is over, or the page must not be asked. */
export async function readConversations(
  client: GraphClient,
  { crm, run, limiter, until }: Stretch,
  maxMessages: number,
): Promise<StretchEnd> {
  const enough = new AbortController()
  const source = walkConversations({
    client,
    cursor: readCursor(run.cursor),
    mode: run.mode,
    since: run.since,
    until,
    signal: AbortSignal.any([limiter.signal, enough.signal]),
  })
  const pages = readAhead(source, PAGES_AHEAD)
  let messages = 0
  try {
    for (;;) {
      const step = await pages.next()
      if (step.done) return { done: step.value.done }
      const { items, rejected, cursor, totalEstimate } = step.value
      await crm.commitSyncPage({
        runId: run.run_id,
        token: run.token,
        items,
        rejected,
        cursor,
        ...(totalEstimate === undefined ? {} : { totalEstimate }),
      })
      messages += items.reduce((count, { events }) => count + events.length, 0)
      if (messages >= maxMessages) enough.abort()
    }
  } finally {
    // Stops the requests that were made ahead.
    enough.abort()
  }
}

function failureOf(error: unknown): ProviderFailure | undefined {
  if (!(error instanceof GraphError)) return undefined
  const end = ENDS[error.kind]
  return { ...end, text: error.message, reason: end.code, pauseSeconds: pauseSeconds(error) }
}

/** For how long nobody asks after this failure: the longest time that it gives in any way. */
function pauseSeconds({ kind, regainMinutes = 0, retryAfter }: GraphError): number {
  const asked = Math.ceil((retryAfter ?? 0) / 1000)
  return Math.max(asked, regainMinutes * 60, kind === 'policy' ? POLICY_SECONDS : 0)
}
