/** The one place that turns errors into HTTP answers. The codes are listed, one line each, in docs/errors.md. */
import { RpcError } from '../crm/rpc-error.ts'
import { MissingSecret } from '../lib/secrets.ts'
import type { LogFields } from './log.ts'

/** Codes that a handler refuses with. The database's stable codes pass through unchanged. */
export type HttpErrorCode =
  | 'invalid_input'
  | 'invalid_json'
  | 'body_unreadable'
  | 'unauthenticated'
  | 'bad_signature'
  | 'forbidden'
  | 'handshake_refused'
  | 'not_found'
  | 'method_not_allowed'
  | 'lock_held'
  | 'lock_lost'
  | 'payload_too_large'
  | 'provider_refused'
  | 'provider_unavailable'
  | 'misconfigured'
  | 'internal_error'
  | 'database_refused'
  | 'database_unavailable'

/** A refusal that the caller gets as `{code, message, hint?}`. The message is ours and quotes nothing of the request. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: HttpErrorCode
  readonly hint: string | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    code: HttpErrorCode,
    message: string,
    options: { hint?: string; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.status = status
    this.code = code
    this.hint = options.hint
    this.headers = options.headers ?? {}
  }
}

/** The body of every answer that is an error. */
export interface ErrorBody {
  code: string
  message: string
  hint?: string
}

/** An error's answer, and what the log may say of it: codes and places in the source, never a message's text. */
export interface DescribedError {
  response: Response
  log: LogFields
}

/** Seconds after which a caller may try again when the database is away. */
const RETRY_AFTER = { 'retry-after': '5' }
const UNAVAILABLE = { message: 'The database could not answer. Nothing was lost.', hint: 'Try again.' }

/**
 * The answer to a failed call of the database for a caller who is answered by it: PTxyz becomes HTTP xyz with the
 * database's own code, message and hint; a refused credential 401, a missing privilege 403; the rest is 503.
 */
function fromRpc(error: RpcError): { status: number; headers: Record<string, string>; body: ErrorBody } {
  const { hint } = error
  const refused = /^PT(4\d\d)$/.exec(error.code ?? '')
  if (refused) {
    const body = { code: error.stableCode ?? 'database_refused', message: error.message, ...(hint ? { hint } : {}) }
    return { status: Number(refused[1]), headers: {}, body }
  }
  if (error.status === 401) {
    return { status: 401, headers: {}, body: { code: 'unauthenticated', message: 'The credential was not accepted.' } }
  }
  if (error.code === '42501') {
    return { status: 403, headers: {}, body: { code: 'forbidden', message: 'The caller may not do this.' } }
  }
  return { status: 503, headers: RETRY_AFTER, body: { code: 'database_unavailable', ...UNAVAILABLE } }
}

/** What a log may hold of a failed call: which function, and codes. */
function rpcLog(error: RpcError): LogFields {
  return {
    rpc: error.rpc,
    sqlstate: error.code ?? 'none',
    rpcStatus: error.status,
    rpcCode: error.stableCode ?? 'none',
  }
}

/**
 * The webhook's answer to any failure of the database, a refusal included. A delivery that is not stored must not be
 * acknowledged: the provider gets a 503 and delivers again. A refusal is a fault of this software, and has its own code
 * to search the log by.
 */
export function webhookFailure(error: RpcError): HttpError {
  const refused = error.status >= 400 && error.status < 500
  const code = refused ? 'database_refused' : 'database_unavailable'
  const message = 'The delivery is not stored yet. Deliver it again.'
  return new HttpError(503, code, message, { headers: RETRY_AFTER, cause: error })
}

/**
 * The failure of a call that the function made as the service role. The caller gets the contract's refusals unchanged.
 * The rest, a refused key included, is 503: the caller cannot correct it.
 */
export function asServiceFailure(error: unknown): unknown {
  if (!(error instanceof RpcError) || error.isRefusal) return error
  return new HttpError(503, 'database_unavailable', UNAVAILABLE.message, {
    hint: UNAVAILABLE.hint,
    headers: RETRY_AFTER,
    cause: error,
  })
}

/** Turns whatever a handler threw into its answer and its log fields. An unknown error tells the caller nothing. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof HttpError) {
    const { code, message, hint, cause } = error
    return {
      response: errorResponse(error.status, { code, message, ...(hint ? { hint } : {}) }, error.headers),
      log: { code, ...(cause instanceof RpcError ? rpcLog(cause) : cause === undefined ? {} : unexpectedLog(cause)) },
    }
  }
  if (error instanceof MissingSecret) {
    const { message, hint } = error
    return { response: errorResponse(424, { code: 'missing_secret', message, hint }), log: { code: 'missing_secret' } }
  }
  if (error instanceof RpcError) {
    const { status, headers, body } = fromRpc(error)
    return { response: errorResponse(status, body, headers), log: { code: body.code, ...rpcLog(error) } }
  }
  return {
    response: errorResponse(500, { code: 'internal_error', message: 'Something went wrong on our side.' }),
    log: { code: 'internal_error', ...unexpectedLog(error) },
  }
}

/** An error answer: JSON of one shape. */
export function errorResponse(status: number, body: ErrorBody, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers })
}

/** The class of an unexpected error and where it was thrown. Its message is left out: it may quote what was sent. */
function unexpectedLog(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error }
  const stack = error.stack ?? ''
  const textEnd = stack.indexOf(error.message) + error.message.length
  const frames = stack
    .slice(stack.includes(error.message) ? textEnd : stack.length)
    .split('\n')
    .filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line))
    .slice(0, 5)
    .map((line) => line.trim().slice(3))
  return { errorName: error.name, ...(frames.length === 0 ? {} : { at: frames.join(' < ') }) }
}
