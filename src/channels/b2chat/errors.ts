/** What a caller may act on when an export fails. */
export type B2ChatErrorCode =
  /** The token endpoint refused the client id and secret. */
  | 'bad_credentials'
  /** A fresh token was refused too. */
  | 'unauthorized'
  | 'forbidden'
  | 'bad_request'
  /** Any other status that repeating would not change. */
  | 'refused'
  | 'rate_limited'
  /** A 5xx. */
  | 'provider_error'
  | 'timeout'
  /** The connection failed, or the body ended early or is no JSON. */
  | 'connection_failed'
  | 'cut_body'
  /** JSON that is not the documented envelope. */
  | 'unexpected_answer'

/** Failures that the same request, made again, may well not meet. */
const TRANSIENT: ReadonlySet<B2ChatErrorCode> = new Set([
  'rate_limited',
  'provider_error',
  'timeout',
  'connection_failed',
  'cut_body',
])

/** Failures that a smaller page may avoid: the answer took too long, or was too large to arrive whole. */
const TOO_MUCH: ReadonlySet<B2ChatErrorCode> = new Set(['provider_error', 'timeout', 'cut_body'])

/** A failed request. Its message names the endpoint and the status, and quotes nothing that was sent or answered. */
export class B2ChatError extends Error {
  override readonly name = 'B2ChatError'
  readonly code: B2ChatErrorCode
  /** The HTTP status, where one was answered. */
  readonly status: number | null
  /** How long B2Chat asked us to wait, in milliseconds. */
  readonly retryAfter: number | null

  constructor(code: B2ChatErrorCode, message: string, options: { status?: number; retryAfter?: number | null } = {}) {
    super(message)
    this.code = code
    this.status = options.status ?? null
    this.retryAfter = options.retryAfter ?? null
  }

  get isTransient(): boolean {
    return TRANSIENT.has(this.code)
  }

  get asksForSmallerPage(): boolean {
    return TOO_MUCH.has(this.code)
  }
}
