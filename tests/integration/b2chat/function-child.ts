/** The function's handler in a process of its own, to be killed: each message is a call, and its answer goes back. */
import { z } from 'zod'
import { readEnv, serviceCrmClient } from '../../../src/http/service-client.ts'
import { b2chatProvider } from '../../../src/sync/b2chat/provider.ts'
import { createSyncHandler } from '../../../src/sync/handler.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { serveCalls } from '../serve-calls.ts'

const handler = createSyncHandler(b2chatProvider({ pageSize: { contacts: 5, chats: 5 }, maxRecords: 40 }), {
  crm: serviceCrmClient(),
  env: readEnv,
  clock: new ManualClock(z.string().parse(process.env.TEST_NOW)),
})
serveCalls('b2chat-sync', handler)
