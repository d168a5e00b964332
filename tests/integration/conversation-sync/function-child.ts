/**
 * The function's handler in a process of its own, to be killed or stopped: answers each message with the function's answer.
 * By its clock every request of Graph takes ten seconds, so that a call is out of budget after a few.
 */
import { flushCompileCache } from 'node:module'
import { z } from 'zod'
import { createCallerHandler } from '../../../src/http/caller.ts'
import { createConversationSync } from '../../../src/http/conversation-sync.ts'
import { createLogger } from '../../../src/http/log.ts'
import { readEnv, serviceCrmClient } from '../../../src/http/service-client.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'

const Call = z.object({ body: z.string(), apikey: z.string() })

const clock = new ManualClock(z.string().parse(process.env.TEST_NOW))
const handler = createConversationSync({
  crm: serviceCrmClient(),
  env: readEnv,
  clock,
  budget: z.coerce.number().parse(process.env.TEST_BUDGET),
  fetch: (input, init) => {
    clock.advance(10_000)
    return fetch(input, init)
  },
})
const answer = createCallerHandler({ route: 'conversation-sync', logger: createLogger() }, handler)

process.on('message', async (message) => {
  const { body, apikey } = Call.parse(message)
  const headers = { apikey, 'content-type': 'application/json' }
  const response = await answer(new Request('http://127.0.0.1/conversation-sync', { method: 'POST', headers, body }))
  process.send?.({ status: response.status, body: await response.json() })
})
process.on('disconnect', () => process.exit())
// It seldom ends by itself, and the cache would be written then.
flushCompileCache()
process.send?.('ready')
