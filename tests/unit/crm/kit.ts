import { createClient } from '@supabase/supabase-js'
import { afterEach, expect, it } from 'vitest'
import { type CrmClient, createCrmClient } from '../../../src/crm/client.ts'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { type FakeRest, type RestAnswer, type RestCall, startFakeRest } from '../../functions/fake-rest.ts'

export const NO_WAIT = { retries: 3, minTimeout: 0, maxTimeout: 0 }

let rest: FakeRest | undefined
afterEach(() => rest?.close())

/** A database that answers as this function says. It is closed after the test. */
export async function database(answer: Parameters<typeof startFakeRest>[0]): Promise<FakeRest> {
  rest = await startFakeRest(answer)
  return rest
}

/** A client of a database that gives these answers, the last one for ever, and the calls that the database got. */
export async function client(
  ...answers: [RestAnswer, ...RestAnswer[]]
): Promise<{ crm: CrmClient; calls: RestCall[]; close: FakeRest['close'] }> {
  const [last] = answers.slice(-1)
  const { url, calls, close } = await database(() => answers.shift() ?? last ?? { status: 500, body: {} })
  const supabase = createClient(url, 'sb_secret_test', { auth: { persistSession: false } })
  return { crm: createCrmClient(supabase, NO_WAIT), calls, close }
}

export async function failure(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RpcError) return error
  throw new Error(`expected an RpcError, got ${String(error)}`)
}

/** The function, a call of it, the arguments it gets, the body it answers, and what the method returns. */
export type CallCase = [string, (crm: CrmClient) => Promise<unknown>, Record<string, unknown>, unknown, unknown]

/** One test for each case. */
export function itCalls(cases: CallCase[]): void {
  it.each(cases)(
    'a call of %s names its arguments as the contract does and gives its result',
    async (rpc, act, args, body, result) => {
      const { crm, calls } = await client({ status: 200, body })
      expect(await act(crm)).toEqual(result)
      expect(calls).toEqual([expect.objectContaining({ rpc, args, profile: 'crm', apikey: 'sb_secret_test' })])
    },
  )
}
