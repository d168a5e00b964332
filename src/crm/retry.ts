import pRetry from 'p-retry'
import { RpcError } from './rpc-error.ts'

/** How often and how fast a call is repeated. Times are milliseconds. */
export interface RetryPolicy {
  /** Repeats after the first attempt. */
  retries: number
  /** The first wait; each next one doubles, and each is stretched by a random factor of 1 to 2. */
  minTimeout: number
  /** The longest single wait. */
  maxTimeout: number
}

/** Five attempts within about a second: what a deadlock between a few webhooks of one person needs. */
export const DEFAULT_RETRY: RetryPolicy = { retries: 4, minTimeout: 25, maxTimeout: 400 }

/** Postgres rolled the whole call back because of a concurrent one: deadlock, or serialization failure. */
const ROLLED_BACK = new Set(['40P01', '40001'])

/** True where the same call is likely to succeed when it is made again at once. */
export function isTransient(error: unknown): boolean {
  return error instanceof RpcError && error.code !== null && ROLLED_BACK.has(error.code)
}

/**
 * Repeats `call` while it fails by a deadlock or a serialization failure, with jittered backoff; any other failure,
 * and the last one, is thrown as it is. Repeating is safe because every RPC is one transaction and idempotent.
 */
export function retryTransient<T>(call: () => Promise<T>, policy: RetryPolicy = DEFAULT_RETRY): Promise<T> {
  return pRetry(call, { ...policy, randomize: true, shouldRetry: ({ error }) => isTransient(error) })
}
