/** One call of one database function: arguments by name, an answer that fits its schema, and the failures that pass. */
import type { SupabaseClient } from '@supabase/supabase-js'
import pRetry from 'p-retry'
import { z } from 'zod'
import type { Database } from './generated/database.types.ts'
import { RpcError, toRpcError, unexpectedResult } from './rpc-error.ts'

type Functions = Database['crm']['Functions']

/**
 * A function's arguments by name, none missing and none too many. The room's interface and the database check the
 * values. An `undefined` is not sent, so the database uses its default.
 */
type Args<Name extends keyof Functions> = { [Arg in keyof Functions[Name]['Args']]: unknown }

/** Calls a function of schema `crm` and reads its answer. Throws `RpcError`. */
export type Call = <Name extends keyof Functions, Result extends z.ZodType>(
  rpc: Name,
  args: Args<Name>,
  result: Result,
) => Promise<z.infer<Result>>

/** How often and how fast a call is repeated. Times are milliseconds. */
export interface RetryPolicy {
  /** Repeats after the first attempt. */
  retries: number
  /** The first wait. Each next wait doubles, and a random factor of 1 to 2 stretches each. */
  minTimeout: number
  /** The longest single wait. */
  maxTimeout: number
}

/** Five attempts within about a second: what a deadlock between a few webhooks of one person needs. */
export const DEFAULT_RETRY: RetryPolicy = { retries: 4, minTimeout: 25, maxTimeout: 400 }

/** Deadlock, serialization failure: Postgres rolled the whole call back because of a concurrent one. */
const ROLLED_BACK = new Set(['40P01', '40001'])

export const Count = z.number().int().nonnegative()
export const Version = z.number().int().positive()
export const Uuid = z.string()
/** The answer of a function that returns void. */
export const Nothing = z.null().optional()
export const JsonObject = z.record(z.string(), z.unknown())

/** A function that `returns table` answers an array. This takes its only row, and refuses none or several. */
export const onlyRow = <Row extends z.ZodType>(row: Row) => z.tuple([row]).transform(([only]) => only)

/**
 * Calls over supabase-js, as the user or service that this client is authenticated as. A call that Postgres rolled
 * back because of a concurrent one is repeated with jittered backoff. The caller gets any other failure, and the last
 * one, unchanged. Repeating is safe because every function is one transaction and idempotent.
 */
export function callOver(supabase: SupabaseClient, retry: RetryPolicy): Call {
  const crm = supabase.schema('crm')

  async function attempt<Result extends z.ZodType>(
    rpc: string,
    args: Record<string, unknown>,
    result: Result,
  ): Promise<z.infer<Result>> {
    const { data, error, status } = await crm.rpc(rpc, args)
    if (error) throw toRpcError(rpc, status, error)
    const parsed = result.safeParse(data)
    if (parsed.success) return parsed.data
    // An empty or foreign answer, such as a proxy's page, must never pass for a success.
    throw unexpectedResult(rpc, `${rpc} answered something other than its contract says.`)
  }

  return (rpc, args, result) =>
    pRetry(() => attempt(rpc, args, result), {
      ...retry,
      randomize: true,
      shouldRetry: ({ error }) => isTransient(error),
    })
}

/** True where the same call is likely to succeed when it is repeated at once. */
function isTransient(error: unknown): boolean {
  return error instanceof RpcError && error.code !== null && ROLLED_BACK.has(error.code)
}
