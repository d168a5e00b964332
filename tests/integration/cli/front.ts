import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface FunctionCall {
  name: string
  apikey: string | undefined
  body: unknown
}

/** What one call of a function gets: an answer, no answer at all, or a connection that breaks. */
export type Reply = { status: number; body: unknown; headers?: Record<string, string> } | 'silence' | 'cut'

export interface Front {
  url: string
  calls: FunctionCall[]
  /** Resolves once so many calls have come. */
  called(times: number): Promise<void>
}

/** A project whose functions reply like this, call by call, and whose database is the one behind `upstream`. */
export async function startFront(upstream: string, replies: readonly Reply[]): Promise<Front> {
  const calls: FunctionCall[] = []
  const waiting: { times: number; resolve: () => void }[] = []

  async function call(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    calls.push({ name, apikey: request.headers.apikey?.toString(), body: await json(request) })
    for (const { times, resolve } of waiting) if (calls.length >= times) resolve()
    const reply = replies[calls.length - 1] ?? { status: 500, body: { code: 'test', message: 'called once too often' } }
    if (reply === 'silence') return
    if (reply === 'cut') response.destroy()
    else
      response
        .writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
        .end(JSON.stringify(reply.body))
  }

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '' } = request
    const { host: _host, connection: _connection, 'content-length': _length, ...rest } = request.headers
    const headers = Object.entries(rest).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const body = method === 'POST' ? { body: await buffer(request) } : {}
    const passed = await fetch(`${upstream}${url}`, { method, headers, ...body })
    response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? 'text/plain' })
    response.end(Buffer.from(await passed.arrayBuffer()))
  }

  const server = createServer((request, response) => {
    const name = /^\/functions\/v1\/([\w-]+)$/.exec(request.url ?? '')?.[1]
    return name === undefined ? pass(request, response) : call(name, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    called: (times) =>
      calls.length >= times ? Promise.resolve() : new Promise((resolve) => waiting.push({ times, resolve })),
  }
}
