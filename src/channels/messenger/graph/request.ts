/** One Graph request: its address, its repetitions, and the JSON of its answer or a GraphError. */
import { endpoint } from '../../../lib/base-url.ts'
import { type Clock, orAborted } from '../../../lib/clock.ts'
import { type Answer, type Exchange, ExchangeFailure, readRetryAfter, send } from '../../../lib/exchange.ts'
import { OutOfTime, type RetryPolicy, type Transient, withRetries } from '../../../lib/retry.ts'
import { GraphError, graphError } from './errors.ts'
import { type GraphUsage, readUsage } from './usage.ts'

export interface Requester {
  baseUrl: string
  /** Of Graph, such as `v24.0`. */
  version: string
  token: string
  fetch: typeof fetch
  clock: Clock
  random: () => number
  retry: RetryPolicy
  /** How long one answer may take, in milliseconds. */
  timeout: number
  /** Awaited before every request, repeated ones included. What it throws ends the reading. */
  acquire: () => Promise<void>
  /** Awaited after every answer, errors included. */
  onUsage: (usage: GraphUsage) => void | Promise<void>
}

export interface RunLimits {
  /** The time, in milliseconds since 1970, after which nothing is asked or waited for. */
  until?: number | undefined
  signal?: AbortSignal | undefined
}

export interface GraphRequest {
  /** The node and edge below the version; ids are encoded. */
  path: readonly string[]
  query: Readonly<Record<string, string>>
}

/**
 * Half a minute, and the answer to the last repeat: a run of 100 seconds that waits a minute for each answer still gets to ask
 * for something else, and so learns whether it is Graph that fails or a thread.
 */
export const DEFAULT_RETRY: RetryPolicy = { retries: 5, firstWait: 1000, longestWait: 15_000, longest: 30_000 }

/**
 * The answer to a request, repeated while it fails by a transient error. Throws GraphError, also where the time is over before
 * a repeat is answered; OutOfTime when it is over without such a failure; the signal's reason when that aborts first; and
 * whatever `acquire` and `onUsage` throw.
 */
export function request(asked: GraphRequest, requester: Requester, run: RunLimits): Promise<unknown> {
  const { clock, random, retry } = requester
  const { until = Number.POSITIVE_INFINITY, signal = new AbortController().signal } = run
  /** What the attempt before failed by. */
  let failure: GraphError | undefined
  const attempt = async (): Promise<unknown> => {
    signal.throwIfAborted()
    if (clock.now() >= until) throw new OutOfTime('the run is over')
    await orAborted(requester.acquire(), signal)
    const left = until - clock.now()
    if (left <= 0) throw new OutOfTime('the run is over')
    const timeout = Math.min(requester.timeout, left)
    try {
      return await exchange(asked, requester, { fetch: requester.fetch, clock, signal, timeout })
    } catch (error) {
      if (!(error instanceof GraphError && error.isTransient)) throw error
      // Cut short by the end of the run, and not by Graph.
      if (error.status === null && timeout < requester.timeout && clock.now() >= until) {
        throw new OutOfTime('the run is over')
      }
      failure = error
      throw error
    }
  }
  return withRetries(attempt, { policy: retry, clock, random, signal, until, transient }).catch((error: unknown) => {
    throw error instanceof OutOfTime ? (failure ?? error) : error
  })
}

function transient(error: unknown): Transient | undefined {
  return error instanceof GraphError && error.isTransient ? { retryAfter: error.retryAfter } : undefined
}

async function exchange(asked: GraphRequest, requester: Requester, limits: Exchange): Promise<unknown> {
  const where = `GET /${asked.path.at(-1) ?? ''}`
  const headers = { accept: 'application/json', authorization: `Bearer ${requester.token}` }
  let answer: Answer
  let text: string
  try {
    answer = await send(addressOf(asked, requester), { headers }, limits)
    // A failed answer is judged by its status where its body did not arrive.
    text = answer.ok ? await answer.text() : await answer.text().catch(withoutBody)
  } catch (error) {
    if (error instanceof ExchangeFailure) throw new GraphError('retryable', `Graph failed ${where}: ${error.reason}.`)
    throw error
  }
  const { status } = answer
  const usage = readUsage(answer.headers)
  await requester.onUsage(usage)
  const body = parse(text)
  const failure = graphError({
    where,
    status,
    body,
    hasCursor: asked.query.after !== undefined,
    regainMinutes: usage.regainMinutes,
    retryAfter: readRetryAfter(answer.headers.get('retry-after'), limits.clock.now()),
  })
  if (failure) throw failure
  if (body === undefined) throw new GraphError('retryable', `Graph answered ${where} with no whole JSON.`, { status })
  return body
}

function withoutBody(error: unknown): string {
  if (error instanceof ExchangeFailure) return ''
  throw error
}

function addressOf({ path, query }: GraphRequest, { baseUrl, version }: Requester): URL {
  const url = endpoint(baseUrl, `/${[version, ...path].map(encodeURIComponent).join('/')}`)
  url.search = new URLSearchParams(query).toString()
  return url
}

/** Undefined for what is no JSON: the parser's own message quotes the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
