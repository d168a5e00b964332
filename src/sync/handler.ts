/** The one handler of all syncs: it begins or resumes a run, lets a provider read one stretch of it, and answers. */
import { z } from 'zod'
import { RpcError } from '../crm/rpc-error.ts'
import type { SyncCalls, SyncStart } from '../crm/sync.ts'
import { methodNotAllowed, parseJson, readBody } from '../http/body.ts'
import type { CallerHandler } from '../http/caller.ts'
import { asServiceFailure, HttpError } from '../http/errors.ts'
import type { RequestScope } from '../http/handler.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Env } from '../lib/secrets.ts'
import type { Stretch, SyncProvider } from './provider.ts'
import { RateLimiter } from './rate-limiter.ts'
import { progressOf, type RunEnd, runStretch, type SyncProgress } from './run.ts'

export interface SyncOptions<Crm extends SyncCalls> {
  /** Acts as the service role. The caller's own client only says whether the caller may sync the account. */
  crm: () => Crm
  env: Env
  clock?: Clock
  /** How long a call may take, in milliseconds; it answers within that, give or take one request. */
  budget?: number
}

const BUDGET = 100_000
const MAX_BODY = 1024
/** Seconds after which a caller may call again when the provider is away and does not say for how long. */
const RETRY_AFTER = '30'

const Body = z.object({
  channelAccountId: z.guid(),
  mode: z.enum(['full', 'incremental']).default('incremental'),
  resumeSession: z.guid().optional(),
})

/** The answer of every sync function, whatever its channel. */
export interface SyncAnswer {
  hasMore: boolean
  status: 'completed' | 'paused' | 'failed'
  resumeSession: string
  /** The counts of the whole run. A provider may add what this call did. */
  progress: SyncProgress & Record<string, unknown>
  /** An ISO time before which the provider wants no request; null when it did not say. */
  resumeAt: string | null
}

/**
 * POST `{channelAccountId, mode?, resumeSession?}`, with a secret key or as an admin of the workspace. It reads everything
 * (`full`) or what changed since the last complete run (`incremental`, the default; the first is full). An unfinished run
 * is resumed in its own mode. 200 `SyncAnswer`: while `hasMore` the caller, or the scheduled job, calls again with
 * `resumeSession`, after `resumeAt`.
 * Errors: 404 no active account of the channel, or a session of another account; 409 `{code: 'lock_held', heldBy,
 * expiresAt}` while another run works on the account; 409 `lock_lost`; 424 without the secret; 502 `provider_refused`
 * when the run failed; 503 `provider_unavailable` or `database_unavailable` when it is paused.
 */
export function createSyncHandler<Crm extends SyncCalls>(
  provider: SyncProvider<Crm>,
  { crm, env, clock = systemClock, budget = BUDGET }: SyncOptions<Crm>,
): CallerHandler {
  return async (request, caller, scope) => {
    if (request.method !== 'POST') throw methodNotAllowed('POST')
    const { channelAccountId, mode, resumeSession: runId } = await readRequest(request)
    const account = await caller.crm.channelAccount({ channelAccountId })
    if (account.channel !== provider.channel || !account.is_active) {
      throw new HttpError(404, 'not_found', `Not an active ${provider.accountName} account.`)
    }
    scope.note({ channel: provider.channel })
    const read = provider.open(account, env)

    const service = crm()
    const startedAt = clock.now()
    const until = startedAt + budget
    let run: SyncStart
    try {
      const holder = `${provider.functionName} ${scope.requestId}`
      run = await service.startSync({ channelAccountId, mode, holder, ...(runId ? { runId } : {}) })
    } catch (error) {
      const held = lockHeld(error)
      if (!held) throw asServiceFailure(error)
      scope.note({ code: 'lock_held' })
      return held
    }
    if (run.status !== 'running') return answer(run.run_id, run.status, progressOf(run), {}, null)

    const limiter = new RateLimiter({ crm: service, bucket: run.bucket, clock, until })
    const stretch = { crm: service, run, channelAccountId, limiter, clock, startedAt, until }
    const end = await runOrRelease(() => runStretch(provider, read, stretch), stretch, scope)
    const { status, progress, details, failure } = end
    const { pages, items, rejected, failed } = progress
    scope.note({ pages, items, rejected, failed, hasMore: status === 'paused' })
    if (failure?.provider) scope.note({ providerCode: failure.provider.reason })
    if (failure && (status === 'failed' || limiter.resumeAt === null)) throw refusal(provider.serviceName, failure)
    return answer(run.run_id, status, progress, details, limiter.resumeAt)
  }
}

/** Gives the lock back whatever happens. If even that fails, its lease ends. */
async function runOrRelease(
  work: () => Promise<RunEnd>,
  { crm, run: { resource, token } }: Pick<Stretch, 'crm' | 'run'>,
  scope: RequestScope,
): Promise<RunEnd> {
  try {
    return await work()
  } catch (error) {
    await crm.releaseSyncLock({ resource, token }).catch(() => scope.note({ lockReleased: false }))
    throw asServiceFailure(error)
  }
}

/** Why a run ended early, as an error. It passes on our own code, and nothing that the provider wrote. */
function refusal(service: string, { status, cause, provider }: NonNullable<RunEnd['failure']>): unknown {
  if (!provider) return asServiceFailure(cause)
  const { reason, hint } = provider
  if (status === 'failed') {
    return new HttpError(502, 'provider_refused', `${service} refused to be read: ${reason}.`, {
      ...(hint === undefined ? {} : { hint }),
      cause,
    })
  }
  return new HttpError(503, 'provider_unavailable', `${service} could not be read: ${reason}.`, {
    hint: 'Call again: the run resumes from the last page that was stored.',
    headers: { 'retry-after': RETRY_AFTER },
    cause,
  })
}

function answer(
  runId: string,
  status: SyncAnswer['status'],
  progress: SyncProgress,
  details: Record<string, unknown>,
  resumeAt: number | null,
): Response {
  const body: SyncAnswer = {
    hasMore: status === 'paused',
    status,
    resumeSession: runId,
    progress: { ...details, ...progress },
    resumeAt: resumeAt === null ? null : new Date(resumeAt).toISOString(),
  }
  return Response.json(body)
}

/** A failed start as the answer that says who has the lock; undefined when it failed for another reason. */
function lockHeld(error: unknown): Response | undefined {
  if (!(error instanceof RpcError) || error.stableCode !== 'lock_held') return undefined
  const { held_by: heldBy, expires_at: expiresAt } = error.detail
  const message = 'Another run is working on this account.'
  return Response.json({ code: 'lock_held', message, heldBy, expiresAt }, { status: 409 })
}

async function readRequest(request: Request): Promise<z.infer<typeof Body>> {
  const body = Body.safeParse(parseJson(await readBody(request, MAX_BODY)))
  if (body.success) return body.data
  const names = [...new Set(body.error.issues.map(({ path }) => String(path[0] ?? '$')))].join(', ')
  throw new HttpError(400, 'invalid_input', `This is missing or wrong: ${names}.`, {
    hint: 'Send {"channelAccountId": "<uuid>", "mode": "full" | "incremental", "resumeSession": "<uuid>"}; the first is required.',
  })
}
