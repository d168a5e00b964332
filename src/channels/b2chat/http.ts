/** One HTTP exchange with B2Chat: a JSON answer, or a B2ChatError that says what went wrong. */
import {
  type Answer,
  type Exchange,
  ExchangeFailure,
  type ExchangeFailureReason,
  readRetryAfter,
  send,
} from '../../lib/exchange.ts'
import { B2ChatError, type B2ChatErrorCode } from './errors.ts'

/**
 * Makes one request and returns the JSON of its answer. `where` names the request in errors, such as
 * `GET /contacts/export`.
 */
export async function exchangeJson(where: string, url: URL, init: RequestInit, exchange: Exchange): Promise<unknown> {
  let text: string
  try {
    const answer = await send(url, init, exchange)
    if (!answer.ok) {
      await answer.discard()
      throw refusal(where, answer, exchange.clock.now())
    }
    text = await answer.text()
  } catch (error) {
    if (error instanceof ExchangeFailure) throw new B2ChatError(error.reason, FAILURES[error.reason](where))
    throw error
  }
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, so it is not passed on.
    throw new B2ChatError('cut_body', `B2Chat answered ${where} with text that is no whole JSON.`)
  }
}

const FAILURES: Readonly<Record<ExchangeFailureReason, (where: string) => string>> = {
  timeout: (where) => `B2Chat took too long to answer ${where}.`,
  connection_failed: (where) => `B2Chat could not be reached by ${where}.`,
  cut_body: (where) => `B2Chat broke off while answering ${where}.`,
}

const CODES: Readonly<Record<number, B2ChatErrorCode>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  408: 'timeout',
  429: 'rate_limited',
}

function refusal(where: string, { status, headers }: Answer, now: number): B2ChatError {
  const code = status >= 500 ? 'provider_error' : (CODES[status] ?? 'refused')
  return new B2ChatError(code, `B2Chat answered ${status} to ${where}.`, {
    status,
    retryAfter: readRetryAfter(headers.get('retry-after'), now),
  })
}
