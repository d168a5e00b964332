/** One call of a sync function, repeated while it gets no answer, and what a refusal means. */
import { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { ExchangeFailure } from '../../lib/exchange.ts'
import { type RetryPolicy, type Transient, withRetries } from '../../lib/retry.ts'
import type { CallFunction, FunctionAnswer } from '../functions.ts'
import { requestOf, type SyncJob } from './job.ts'

/** What ended a sync early. */
export interface Failure {
  code: string
  message: string
  hint: string | null
}

export type CallResult =
  | { kind: 'answer'; body: unknown }
  | { kind: 'held'; by: string | null; until: string | null }
  /** Nothing was done, and nothing will be until a person corrects something. */
  | { kind: 'refused'; failure: Failure }
  /** A later call may resume it. */
  | { kind: 'stopped'; failure: Failure }

export interface CallContext {
  call: CallFunction
  clock: Clock
  random: () => number
  retry: RetryPolicy
  signal: AbortSignal
  /** Called before each repeat, with what happened. */
  onRetry: (what: string) => void
}

/** About a minute and a half in all, at most. Times are milliseconds. */
export const SYNC_RETRY: RetryPolicy = { retries: 5, firstWait: 2_000, longestWait: 60_000 }

const ErrorBody = z.object({ code: z.string(), message: z.string(), hint: z.string().nullish() })
const HeldBody = z.object({
  code: z.literal('lock_held'),
  heldBy: z.string().nullish(),
  expiresAt: z.string().nullish(),
})

/** An answer that says to come again. */
class Busy extends Error {
  override readonly name = 'Busy'
  readonly answer: FunctionAnswer

  constructor(answer: FunctionAnswer) {
    super(`HTTP ${answer.status}`)
    this.answer = answer
  }
}

/** Calls the function. Throws the signal's reason once that is aborted. */
export async function callSync(job: SyncJob, runId: string | null, context: CallContext): Promise<CallResult> {
  const { call, clock, random, retry, signal, onRetry } = context
  let failed: string | null = null
  const attempt = async (): Promise<FunctionAnswer> => {
    if (failed !== null) onRetry(failed)
    try {
      const answer = await call(job.functionName, requestOf(job, runId), signal)
      if (isBusy(answer)) throw new Busy(answer)
      return answer
    } catch (error) {
      failed = error instanceof Error ? error.message : String(error)
      throw error
    }
  }
  const transient = (error: unknown): Transient | undefined => {
    if (error instanceof ExchangeFailure) return { retryAfter: null }
    return error instanceof Busy ? { retryAfter: error.answer.retryAfter } : undefined
  }
  try {
    const until = Number.POSITIVE_INFINITY
    return judge(await withRetries(attempt, { policy: retry, clock, random, signal, until, transient }), job, runId)
  } catch (error) {
    if (error instanceof Busy) return judge(error.answer, job, runId)
    if (error instanceof ExchangeFailure) return { kind: 'stopped', failure: NO_ANSWER[error.reason] }
    throw error
  }
}

const LATER = 'The function may still be at work: call again in a few minutes.'
const NO_ANSWER: Readonly<Record<ExchangeFailure['reason'], Failure>> = {
  connection_failed: {
    code: 'connection_failed',
    message: 'The project cannot be reached.',
    hint: 'Compare SUPABASE_URL with the address of the project.',
  },
  timeout: { code: 'timeout', message: 'The function did not answer in time.', hint: LATER },
  cut_body: { code: 'cut_body', message: 'The answer of the function broke off.', hint: LATER },
}

/** Worth repeating: too many at once, a gateway in between, an ended worker (546), the provider or the database away. */
function isBusy({ status, body }: FunctionAnswer): boolean {
  if (status === 502) return codeOf(body) !== 'provider_refused'
  if (status === 409) return codeOf(body) === 'lock_lost'
  return status === 429 || status === 503 || status === 504 || status === 546
}

function codeOf(body: unknown): string | null {
  const known = ErrorBody.safeParse(body)
  return known.success ? known.data.code : null
}

function judge({ status, body }: FunctionAnswer, job: SyncJob, runId: string | null): CallResult {
  if (status === 200) return { kind: 'answer', body }
  const held = HeldBody.safeParse(body)
  if (status === 409 && held.success) {
    return { kind: 'held', by: held.data.heldBy ?? null, until: held.data.expiresAt ?? null }
  }
  const known = ErrorBody.safeParse(body)
  const failure: Failure = known.success
    ? { code: known.data.code, message: known.data.message, hint: known.data.hint ?? null }
    : { code: `http_${status}`, message: `The function answered ${status}.`, hint: null }
  switch (status) {
    case 400:
      return { kind: 'refused', failure }
    case 401:
    case 403:
      return { kind: 'refused', failure: { ...failure, hint: 'Compare the secret key with the project’s.' } }
    case 404:
      return { kind: 'refused', failure: notFound(failure, job, runId) }
    case 424:
      return { kind: 'refused', failure: { ...failure, hint: failure.hint ?? 'Set it with `supabase secrets set`.' } }
    default:
      return { kind: 'stopped', failure }
  }
}

function notFound(failure: Failure, job: SyncJob, runId: string | null): Failure {
  if (failure.code !== 'not_found') {
    const message = `The project has no function ${job.functionName}.`
    return { code: 'function_missing', message, hint: `Deploy it: supabase functions deploy ${job.functionName}` }
  }
  return runId === null ? failure : { ...failure, hint: `Is ${runId} a run of this account?` }
}
