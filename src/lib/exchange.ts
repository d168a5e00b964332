/** One HTTP exchange with a provider, and what may go wrong with it before there is an answer to judge. */
import type { Clock } from './clock.ts'

export interface Exchange {
  fetch: typeof fetch
  clock: Clock
  /** Aborts the exchange; it is then rejected with the signal's reason. */
  signal: AbortSignal
  /** How long the whole answer may take, in milliseconds. */
  timeout: number
}

export type ExchangeFailureReason =
  | 'timeout'
  /** The connection failed. */
  | 'connection_failed'
  /** The body ended early. */
  | 'cut_body'

export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure'
  readonly reason: ExchangeFailureReason

  constructor(reason: ExchangeFailureReason) {
    super(reason)
    this.reason = reason
  }
}

/** A response whose body is not read yet. */
export interface Answer {
  status: number
  ok: boolean
  headers: Headers
  /** The whole body. */
  text(): Promise<string>
  /** Lets the body go unread. */
  discard(): Promise<void>
}

/**
 * Makes one request. It and the reading of its body throw ExchangeFailure, or the signal's reason once that aborted.
 * Redirects are not followed, because the request carries credentials.
 */
export async function send(url: URL, init: RequestInit, exchange: Exchange): Promise<Answer> {
  const { signal } = exchange
  signal.throwIfAborted()
  const deadline = exchange.clock.deadline(exchange.timeout)
  /** Tells our own limits from the connection's failures: both arrive as a rejected promise. */
  const failure = (reason: 'connection_failed' | 'cut_body'): unknown =>
    signal.aborted ? signal.reason : new ExchangeFailure(deadline.aborted ? 'timeout' : reason)

  let response: Response
  try {
    response = await exchange.fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.any([signal, deadline]) })
  } catch {
    throw failure('connection_failed')
  }
  const { status, ok, headers } = response
  return {
    status,
    ok,
    headers,
    async text() {
      try {
        return await response.text()
      } catch {
        throw failure('cut_body')
      }
    },
    async discard() {
      await response.body?.cancel().catch(() => {})
    },
  }
}

/** A `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, 10.2.3); null when it is neither. */
export function readRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
