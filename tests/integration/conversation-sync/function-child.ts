/**
 * The function's handler in a process of its own, to be killed or stopped: answers each message with the function's answer.
 * By its clock every request of Graph takes ten seconds, so that a call is out of budget after a few.
 */
import { z } from 'zod'
import { readEnv, serviceCrmClient } from '../../../src/http/service-client.ts'
import { createSyncHandler } from '../../../src/sync/handler.ts'
import { messengerProvider } from '../../../src/sync/messenger/provider.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { serveCalls } from '../serve-calls.ts'

const clock = new ManualClock(z.string().parse(process.env.TEST_NOW))
const slowly: typeof fetch = (input, init) => {
  clock.advance(10_000)
  return fetch(input, init)
}
const handler = createSyncHandler(messengerProvider({ fetch: slowly }), {
  crm: serviceCrmClient(),
  env: readEnv,
  clock,
  budget: z.coerce.number().parse(process.env.TEST_BUDGET),
})
serveCalls('conversation-sync', handler)
