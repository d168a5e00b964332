/** One HTTP exchange with B2Chat: a JSON answer, or a B2ChatError that says what went wrong. */
import type { Clock } from './clock.ts'
import { B2ChatError, type B2ChatErrorCode } from './errors.ts'

export interface Exchange {
  fetch: typeof fetch
  clock: Clock
  /** Aborts the exchange; it is then rejected with the signal's reason. */
  signal: AbortSignal
  /** How long the whole answer may take, in milliseconds. */
  timeout: number
}

/**
 * Makes one request and returns the JSON of its answer. Redirects are not followed, because the request carries
 * credentials. `where` names the request in errors, such as `GET /contacts/export`.
 */
export async function exchangeJson(where: string, url: URL, init: RequestInit, exchange: Exchange): Promise<unknown> {
  const { clock, signal } = exchange
  signal.throwIfAborted()
  const deadline = clock.deadline(exchange.timeout)
  /** Tells our own limits from the connection's failures: both arrive as a rejected promise. */
  const failure = (code: 'connection_failed' | 'cut_body', what: string): unknown => {
    if (signal.aborted) return signal.reason
    if (deadline.aborted) return new B2ChatError('timeout', `B2Chat took too long to answer ${where}.`)
    return new B2ChatError(code, `B2Chat ${what} ${where}.`)
  }

  let response: Response
  try {
    response = await exchange.fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.any([signal, deadline]) })
  } catch {
    throw failure('connection_failed', 'could not be reached by')
  }
  if (!response.ok) {
    await response.body?.cancel().catch(() => {})
    throw refusal(where, response, clock.now())
  }
  let text: string
  try {
    text = await response.text()
  } catch {
    throw failure('cut_body', 'broke off while answering')
  }
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, so it is not passed on.
    throw new B2ChatError('cut_body', `B2Chat answered ${where} with text that is no whole JSON.`)
  }
}

const CODES: Readonly<Record<number, B2ChatErrorCode>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  408: 'timeout',
  429: 'rate_limited',
}

function refusal(where: string, response: Response, now: number): B2ChatError {
  const { status } = response
  const code = status >= 500 ? 'provider_error' : (CODES[status] ?? 'refused')
  return new B2ChatError(code, `B2Chat answered ${status} to ${where}.`, {
    status,
    retryAfter: readRetryAfter(response.headers.get('retry-after'), now),
  })
}

/** A `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, 10.2.3); null when it is neither. */
export function readRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
