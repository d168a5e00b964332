/** `/_simulator/…`: what a test in another process asks of the simulator and has it do. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { GraphSimulator } from './server.ts'
import { expectedConversations } from './truth.ts'

const receiveSchema = z
  .strictObject({
    thread: z.string(),
    text: z.string(),
    outbound: z.boolean(),
    at: z.int(),
  })
  .partial()
  .transform((given) => ({
    ...(given.thread === undefined ? {} : { thread: given.thread }),
    ...(given.text === undefined ? {} : { text: given.text }),
    ...(given.outbound === undefined ? {} : { outbound: given.outbound }),
    ...(given.at === undefined ? {} : { at: given.at }),
  }))
const blockSchema = z.strictObject({ minutes: z.number().positive(), code: z.int().optional() })
const tokenSchema = z.strictObject({ token: z.string().optional() })
const advanceSchema = z.strictObject({ milliseconds: z.number() })

export async function answerControl(
  simulator: GraphSimulator,
  path: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const reply = (status: number, body: unknown) => {
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const body = async <T>(schema: z.ZodType<T>): Promise<T> => schema.parse(JSON.parse((await text(incoming)) || '{}'))
  switch (`${incoming.method} ${path.slice('/_simulator'.length)}`) {
    case 'GET /counters':
      return reply(200, simulator.counters())
    case 'GET /totals':
      return reply(200, simulator.totals())
    case 'GET /expected':
      outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' })
      for (const conversation of expectedConversations(simulator.world)) {
        outgoing.write(`${JSON.stringify(conversation)}\n`)
      }
      outgoing.end()
      return
    case 'POST /receive': {
      const { conversation, message } = simulator.world.receive(await body(receiveSchema))
      return reply(200, { thread: conversation.id, psid: conversation.psid, name: conversation.name, message })
    }
    case 'POST /block': {
      const { minutes, code } = await body(blockSchema)
      simulator.block(minutes, code)
      return reply(200, {})
    }
    case 'POST /token':
      simulator.setToken((await body(tokenSchema)).token)
      return reply(200, {})
    case 'POST /expire-cursors':
      simulator.expireCursors()
      return reply(200, {})
    case 'POST /advance':
      simulator.advance((await body(advanceSchema)).milliseconds)
      return reply(200, {})
    default:
      return reply(404, { message: `the simulator has no ${path}` })
  }
}
