/** The function's handler in a process of its own, to be killed: each message is a call, and its answer goes back. */
import { flushCompileCache } from 'node:module'
import { z } from 'zod'
import { createB2ChatSync } from '../../../src/http/b2chat-sync.ts'
import { createCallerHandler } from '../../../src/http/caller.ts'
import { createLogger } from '../../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../../src/http/service-client.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'

const Call = z.object({ body: z.string(), apikey: z.string() })

const handler = createB2ChatSync({
  crm: serviceCrmClient(),
  env: readEnv,
  clock: new ManualClock(z.string().parse(process.env.TEST_NOW)),
  pageSize: { contacts: 5, chats: 5 },
  maxRecords: 40,
})
const answer = createCallerHandler({ route: 'b2chat-sync', logger: createLogger() }, handler)

process.on('message', async (message) => {
  const { body, apikey } = Call.parse(message)
  const headers = { apikey, 'content-type': 'application/json' }
  const response = await answer(new Request('http://127.0.0.1/b2chat-sync', { method: 'POST', headers, body }))
  process.send?.({ status: response.status, body: await response.json() })
})
process.on('disconnect', () => process.exit())
// It seldom ends by itself, and the cache would be written then.
flushCompileCache()
process.send?.('ready')
