/**
 * The other side of the http benchmark: a function that takes the same request, verifies and translates nothing, and calls an RPC that
 * does nothing. The benchmark puts it into a folder of its own; it is never deployed.
 */
import { withSupabase } from '@supabase/server'
import { createAdminClient } from '@supabase/server/core'

const crm = createAdminClient().schema('crm')

async function handle(request: Request): Promise<Response> {
  await request.arrayBuffer()
  const { data, error } = await crm.rpc('bench_noop')
  return error ? Response.json(error, { status: 500 }) : Response.json(data)
}

export default { fetch: withSupabase({ auth: 'none', cors: 'disabled' }, handle) }
