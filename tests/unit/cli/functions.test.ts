import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { functionCaller } from '../../../src/cli/functions.ts'
import { CommandClock } from './command-clock.ts'

/** A loopback project whose functions answer like this. */
async function project(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return `http://127.0.0.1:${address.port}`
}

const never = new AbortController().signal
const caller = (url: string, clock = new CommandClock()) => functionCaller({ url, secretKey: 'sb_secret_x' }, clock)

describe('a call of a function', () => {
  it('sends the secret key as apikey, and JSON', async () => {
    const seen: unknown[] = []
    const url = await project(async (request, response) => {
      const { method, url: path, headers } = request
      seen.push({
        method,
        path,
        apikey: headers.apikey,
        auth: headers.authorization,
        body: JSON.parse(await text(request)),
      })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"hasMore":false}')
    })
    const answer = await caller(`${url}/`)('conversation-sync', { channelAccountId: 'a' }, never)
    expect(answer).toEqual({ status: 200, body: { hasMore: false }, retryAfter: null })
    expect(seen).toEqual([
      {
        method: 'POST',
        path: '/functions/v1/conversation-sync',
        apikey: 'sb_secret_x',
        auth: undefined,
        body: { channelAccountId: 'a' },
      },
    ])
  })

  it.each([
    ['', undefined],
    ['<html>no</html>', undefined],
    ['[1]', [1]],
  ])('answered with %o has its status and what JSON it holds', async (content, body) => {
    const url = await project((_, response) => response.writeHead(503, { 'retry-after': '30' }).end(content))
    expect(await caller(url)('f', {}, never)).toEqual({ status: 503, body, retryAfter: 30_000 })
  })

  it('does not take the key to another address', async () => {
    const url = await project((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())
    expect(await caller(url)('f', {}, never)).toMatchObject({ status: 302 })
  })

  it('fails where nobody listens', async () => {
    await expect(caller('http://127.0.0.1:1')('f', {}, never)).rejects.toMatchObject({ reason: 'connection_failed' })
  })

  it('fails when the answer breaks off', async () => {
    const url = await project((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      response.flushHeaders()
      setImmediate(() => response.destroy())
    })
    await expect(caller(url)('f', {}, never)).rejects.toMatchObject({
      reason: expect.stringMatching(/^(cut_body|connection_failed)$/),
    })
  })

  it('fails when the answer takes too long, and ends with the signal', async () => {
    const url = await project(() => {})
    class Hasty extends CommandClock {
      override deadline(): AbortSignal {
        return AbortSignal.abort(new DOMException('over', 'TimeoutError'))
      }
    }
    await expect(caller(url, new Hasty())('f', {}, never)).rejects.toMatchObject({ reason: 'timeout' })
    const reason = new Error('interrupted')
    const interruption = new AbortController()
    const call = caller(url)('f', {}, interruption.signal)
    interruption.abort(reason)
    await expect(call).rejects.toBe(reason)
  })
})
