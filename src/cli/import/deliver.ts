/** Sends a batch so that one bad line costs itself alone, and a database that is away for a moment costs nothing. */
import pRetry from 'p-retry'
import type { RetryPolicy } from '../../crm/rpc.ts'
import { RpcError } from '../../crm/rpc-error.ts'
import type { Problem } from './reading.ts'
import { addCounts, type Sent } from './target.ts'

/** About half a minute in all. Times are milliseconds. */
export const IMPORT_RETRY: RetryPolicy = { retries: 5, minTimeout: 500, maxTimeout: 10_000 }

export interface DeliverOptions {
  retry: RetryPolicy
  /** Ends the waiting between attempts, not an attempt under way. */
  signal: AbortSignal
  /** Called before each repeat. */
  onRetry: (error: RpcError) => void
}

/** No answer, a server's failure, or too many at once: the same call may succeed later. */
function isPassing({ status, code }: RpcError): boolean {
  if (isTooMuch(code)) return false
  return status === 0 || status === 429 || (status >= 500 && !isAboutData(status, code))
}

/** The call ran into the statement timeout: less at once may pass. */
function isTooMuch(code: string | null): boolean {
  return code === '57014'
}

/** The body is too large, or something in it is what the database refuses: SQLSTATE classes 22 and 23, PT400. */
function isAboutData(status: number, code: string | null): boolean {
  return status === 413 || (code !== null && /^(22...|23...|PT400)$/.test(code))
}

/**
 * Sends entries, and repeats a call that fails for a passing reason. A call refused as a whole because of its data or its
 * size is cut in halves, down to the one entry at fault. Throws the `RpcError` that stops the import, or the signal's reason.
 */
export async function deliver<Entry>(
  entries: readonly Entry[],
  send: (entries: readonly Entry[]) => Promise<Sent>,
  options: DeliverOptions,
): Promise<Sent> {
  const { retry, signal, onRetry } = options
  let sent: Sent | undefined
  const attempt = async (): Promise<Sent> => {
    sent = await send(entries)
    return sent
  }
  try {
    return await pRetry(attempt, {
      ...retry,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof RpcError && isPassing(error),
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (retriesLeft > 0 && error instanceof RpcError && isPassing(error)) onRetry(error)
      },
    })
  } catch (error) {
    // Stopped while the call was under way: it succeeded all the same.
    if (sent) return sent
    if (!(error instanceof RpcError)) throw error
    const isData = isAboutData(error.status, error.code)
    if (!isData && !isTooMuch(error.code)) throw error
    if (entries.length > 1) return halves(entries, send, options)
    if (!isData) throw error
    const problem: Problem = {
      path: '$',
      what: error.stableCode ?? `refused_by_database (${error.code ?? error.status})`,
    }
    return { problems: new Map([[0, problem]]), counts: {} }
  }
}

async function halves<Entry>(
  entries: readonly Entry[],
  send: (entries: readonly Entry[]) => Promise<Sent>,
  options: DeliverOptions,
): Promise<Sent> {
  const middle = Math.ceil(entries.length / 2)
  const first = await deliver(entries.slice(0, middle), send, options)
  const second = await deliver(entries.slice(middle), send, options)
  for (const [place, problem] of second.problems) first.problems.set(place + middle, problem)
  addCounts(first.counts, second.counts)
  return first
}
