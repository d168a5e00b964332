/** Calls of the project's Edge Functions with its secret key. */
import { endpoint } from '../lib/base-url.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { readRetryAfter, send } from '../lib/exchange.ts'

export interface FunctionAnswer {
  status: number
  /** The JSON of the body; undefined where it is none. */
  body: unknown
  /** For how many milliseconds it asks not to be called again; null when it does not say. */
  retryAfter: number | null
}

/** Posts to a function. Throws `ExchangeFailure` when no whole answer came, or the signal's reason. */
export type CallFunction = (name: string, body: Record<string, unknown>, signal: AbortSignal) => Promise<FunctionAnswer>

/** A function works for about 100 seconds at a time, and a hosted project cuts it off after 150. */
const TIMEOUT = 180_000

export function functionCaller(
  access: { url: string; secretKey: string },
  clock: Clock = systemClock,
  timeout: number = TIMEOUT,
): CallFunction {
  return async (name, body, signal) => {
    const init = {
      method: 'POST',
      headers: { apikey: access.secretKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }
    const answer = await send(endpoint(access.url, `/functions/v1/${name}`), init, { fetch, clock, signal, timeout })
    const retryAfter = readRetryAfter(answer.headers.get('retry-after'), clock.now())
    return { status: answer.status, body: parsed(await answer.text()), retryAfter }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
