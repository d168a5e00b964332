import { flushCompileCache } from 'node:module'
import { z } from 'zod'
import { type CallerHandler, createCallerHandler } from '../../src/http/caller.ts'
import { createLogger } from '../../src/http/log.ts'

const Call = z.object({ body: z.string(), apikey: z.string() })

/** Serves a function in this process, to be killed or stopped: each message of the parent is a call, and its answer goes back. */
export function serveCalls(route: string, handler: CallerHandler): void {
  const answer = createCallerHandler({ route, logger: createLogger() }, handler)
  process.on('message', async (message) => {
    const { body, apikey } = Call.parse(message)
    const headers = { apikey, 'content-type': 'application/json' }
    const response = await answer(new Request(`http://127.0.0.1/${route}`, { method: 'POST', headers, body }))
    process.send?.({ status: response.status, body: await response.json() })
  })
  process.on('disconnect', () => process.exit())
  // It seldom ends by itself, and the cache would be written then.
  flushCompileCache()
  process.send?.('ready')
}
