import { z } from 'zod'

/** What went wrong in a call of a database function, in the terms of the RPC contract. */
export interface RpcFailure {
  /** The SQLSTATE (`PT409`, `40P01`) or PostgREST's own code (`PGRST202`); null when no answer came. */
  code: string | null
  /** The HTTP status of the answer; 0 when the database could not be reached or did not answer in time. */
  status: number
  /** The stable code of the contract (`version_conflict`), from the error's JSON detail; null when it has none. */
  stableCode: string | null
  /** For a person. May quote values, so it is never logged. */
  message: string
  hint: string | null
  /** The whole JSON detail: what a caller may act on, such as a lock's holder. */
  detail: Record<string, unknown>
}

/** A call of a database function that failed. The only error a `CrmClient` throws. */
export class RpcError extends Error implements RpcFailure {
  override readonly name = 'RpcError'
  /** The database function that was called. */
  readonly rpc: string
  readonly code: string | null
  readonly status: number
  readonly stableCode: string | null
  readonly hint: string | null
  readonly detail: Record<string, unknown>

  constructor(rpc: string, failure: RpcFailure) {
    super(failure.message)
    this.rpc = rpc
    this.code = failure.code
    this.status = failure.status
    this.stableCode = failure.stableCode
    this.hint = failure.hint
    this.detail = failure.detail
  }

  /** True for a refusal of the contract: a repeat would get it again. A refusal by a gateway or PostgREST may pass. */
  get isRefusal(): boolean {
    return this.code?.startsWith('PT4') === true && this.stableCode !== null
  }
}

const Detail = z.record(z.string(), z.unknown())

/** The JSON object in an error's `details`; empty where it holds none (Postgres' own errors carry plain text there). */
function parseDetail(details: string | null | undefined): Record<string, unknown> {
  if (!details?.startsWith('{')) return {}
  try {
    return Detail.parse(JSON.parse(details))
  } catch {
    return {}
  }
}

/** The fields of PostgREST's error body. A gateway between may leave any of them out. */
export interface PostgrestErrorBody {
  code?: string | null | undefined
  message?: string | null | undefined
  details?: string | null | undefined
  hint?: string | null | undefined
}

/**
 * Turns PostgREST's error body into an `RpcError`. Status 0 means that no answer came: then `details` and `hint`
 * are the HTTP client's own notes and are left out.
 */
export function toRpcError(rpc: string, status: number, body: PostgrestErrorBody): RpcError {
  if (status === 0) {
    const message = 'The database did not answer.'
    return new RpcError(rpc, { code: null, status, stableCode: null, message, hint: null, detail: {} })
  }
  const detail = parseDetail(body.details)
  const { code: stableCode } = detail
  return new RpcError(rpc, {
    code: body.code || null,
    status,
    stableCode: typeof stableCode === 'string' ? stableCode : null,
    message: body.message || `${rpc} failed with status ${status}.`,
    hint: body.hint || null,
    detail,
  })
}

/** An answer that the contract does not know: the database and the client are of different versions, or a proxy answered. */
export function unexpectedResult(rpc: string, message: string): RpcError {
  return new RpcError(rpc, {
    code: null,
    status: 502,
    stableCode: 'unexpected_result',
    message,
    hint: 'Compare the versions of the database and of the client: npm run -s onefold -- status shows both.',
    detail: {},
  })
}
