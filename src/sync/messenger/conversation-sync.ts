import { z } from 'zod'
import { createGraphClient, type GraphClientOptions } from '../../channels/messenger/client.ts'
import { graphTokens } from '../../channels/messenger/graph/credentials.ts'
import { GraphError } from '../../channels/messenger/graph/errors.ts'
import type { SyncCalls, SyncStart } from '../../crm/sync.ts'
import { methodNotAllowed, parseJson, readBody } from '../../http/body.ts'
import type { CallerHandler } from '../../http/caller.ts'
import { HttpError, ofService } from '../../http/errors.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Env } from '../../lib/secrets.ts'
import { lockHeld } from '../run-end.ts'
import { progressOf, type RunEnd, runConversationSync } from './conversation-run.ts'
import { GraphPace } from './graph-pace.ts'

export interface ConversationSyncOptions
  extends Omit<GraphClientOptions, 'pageId' | 'token' | 'baseUrl' | 'take' | 'onUsage'> {
  /** Acts as the service role. The caller's own client only says whether the caller may sync the account. */
  crm: () => SyncCalls
  env: Env
  /** How long a run may take, in milliseconds; a request answers within it, give or take one call. */
  budget?: number
  /** After so many messages a run begins no further page: an Edge Function has two seconds of CPU. */
  maxMessages?: number
}

const BUDGET = 100_000
const MAX_MESSAGES = 50_000
const MAX_BODY = 1024

const HINTS = {
  reconnect: 'Connect the page again and set its new token in MESSENGER_TOKENS.',
  permission: 'Give the app the permissions pages_messaging and pages_manage_metadata for this page.',
  policy: 'Meta blocked the page or the app for its policies: look at its account quality, and wait.',
  cursor: 'Call again: it begins the list anew.',
  invalid: 'The log names what Graph answered; the run is kept and goes on from its last page.',
}

const Body = z.object({
  channelAccountId: z.guid(),
  mode: z.enum(['full', 'incremental']).default('incremental'),
  resumeSession: z.guid().optional(),
})

/**
 * POST `{channelAccountId, mode?, resumeSession?}`, with a secret key or as an admin of the workspace: reads a Messenger page's
 * conversations and messages, all of them (`full`) or what changed since the last complete run (`incremental`, the default; the first is
 * full). An unfinished run is gone on with, whoever began it. 200 `{hasMore, status, resumeSession, progress, resumeAt}`: while `hasMore` call
 * again with `resumeSession`, after `resumeAt` where there is one; the scheduled job does the same. 409 `{code: 'lock_held', heldBy,
 * expiresAt}` while another run works on the page; 409 `lock_lost`; 404 for no active Messenger account and for a session that is not
 * the account's; 424 without a token; 502 `provider_refused` when the run failed, 503 `provider_unavailable` or
 * `database_unavailable` when it is paused.
 */
export function createConversationSync(options: ConversationSyncOptions): CallerHandler {
  const { crm, env, budget = BUDGET, maxMessages = MAX_MESSAGES, ...clientOptions } = options
  const clock = options.clock ?? systemClock
  return async (request, caller, scope) => {
    if (request.method !== 'POST') throw methodNotAllowed('POST')
    const { channelAccountId, mode, resumeSession } = await readRequest(request)
    const account = await caller.crm.channelAccount({ channelAccountId })
    if (account.channel !== 'messenger' || !account.is_active) {
      throw new HttpError(404, 'not_found', 'This is no active Messenger account.')
    }
    scope.note({ channel: 'messenger' })
    const pageId = account.external_id
    const credentials = graphTokens(env, pageId)

    const service = crm()
    const until = clock.now() + budget
    const resource = `messenger:${pageId}:conversations`
    let run: SyncStart
    try {
      run = await service.startSync({
        channelAccountId,
        resource,
        mode,
        holder: `conversation-sync ${scope.requestId}`,
        ...(resumeSession ? { runId: resumeSession } : {}),
      })
    } catch (error) {
      const held = lockHeld(error, 'Another run is working on this page.')
      if (!held) throw ofService(error)
      scope.note({ code: 'lock_held' })
      return held
    }
    if (run.status !== 'running') {
      const { status, run_id: resumeSession } = run
      return Response.json({ hasMore: false, status, resumeSession, progress: progressOf(run), resumeAt: null })
    }

    const pace = new GraphPace({ crm: service, bucket: `messenger:${pageId}`, clock, until })
    const client = createGraphClient({
      ...clientOptions,
      ...credentials,
      pageId,
      take: pace.take,
      onUsage: pace.onUsage,
    })
    let end: RunEnd
    try {
      end = await runConversationSync({ crm: service, client, pace, run, until, maxMessages })
    } catch (error) {
      // The lock is given back whatever happens; and if even that fails, its lease ends.
      await service.releaseSyncLock({ resource, token: run.token }).catch(() => scope.note({ lockReleased: false }))
      throw ofService(error)
    }
    const { status, progress, failure } = end
    const hasMore = status === 'paused'
    scope.note({
      pages: progress.pages,
      items: progress.items,
      rejected: progress.rejected,
      failed: progress.failed,
      hasMore,
    })
    if (failure) {
      scope.note({ providerCode: failure.code })
      if (status === 'failed' || pace.resumeAt === null) throw refusal(failure)
    }
    const resumeAt = pace.resumeAt === null ? null : new Date(pace.resumeAt).toISOString()
    return Response.json({ hasMore, status, resumeSession: run.run_id, progress, resumeAt })
  }
}

/** Why a run ended early, as an answer. What Graph wrote is not passed on; our own code of it is. */
function refusal({ code, cause }: NonNullable<RunEnd['failure']>): unknown {
  if (!(cause instanceof GraphError)) return ofService(cause)
  if (code === 'provider_unavailable') {
    return new HttpError(503, 'provider_unavailable', 'Graph could not be read.', {
      hint: 'Call again: it goes on from the last page that was stored.',
      headers: { 'retry-after': '30' },
      cause,
    })
  }
  return new HttpError(502, 'provider_refused', `Graph refused to be read: ${code}.`, { cause, hint: hintFor(code) })
}

function hintFor(code: string): string {
  return Object.entries(HINTS).find(([name]) => name === code)?.[1] ?? HINTS.invalid
}

async function readRequest(request: Request): Promise<z.infer<typeof Body>> {
  const body = Body.safeParse(parseJson(await readBody(request, MAX_BODY)))
  if (body.success) return body.data
  const names = [...new Set(body.error.issues.map(({ path }) => String(path[0] ?? '$')))].join(', ')
  throw new HttpError(400, 'invalid_input', `This is missing or wrong: ${names}.`, {
    hint: 'Send {"channelAccountId": "<uuid>", "mode": "full" | "incremental", "resumeSession": "<uuid>"}; the first is required.',
  })
}
