/**
 * The function's handler in a process of its own, to be killed or stopped: answers each message with the function's answer.
 * By its clock every request of Graph takes ten seconds, so that a call is out of budget after a few.
 */
import { z } from 'zod'
import { readEnv, serviceCrmClient } from '../../../src/http/service-client.ts'
import { createConversationSync } from '../../../src/sync/messenger/conversation-sync.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { serveCalls } from '../serve-calls.ts'

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
serveCalls('conversation-sync', handler)
