import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'host'])

export const PREFIX = '/functions/v1'

export type Proxy = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/**
 * Passes `/functions/v1/*` on to the function runner: method, headers and the body's bytes as they come, the path without the prefix.
 * A runner that cannot be reached is a 503, as it is on a hosted project.
 */
export function createFunctionsProxy(target: () => string | undefined): { proxy: Proxy; stop(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const proxy: Proxy = (incoming, outgoing) => {
    const base = target()
    if (base === undefined) return refuse(outgoing)
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name)))
    // Read whole before it is passed on: a function may answer before it has read everything, as it does with 413, and what
    // nobody reads would stand in the way of the connection's next request.
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const call = request(
        new URL((incoming.url ?? '').slice(PREFIX.length), base),
        {
          agent,
          method: incoming.method ?? 'GET',
          headers: {
            ...headers,
            ...(body.length > 0 ? { 'content-length': body.length } : {}),
            'x-forwarded-host': incoming.headers.host ?? '',
          },
        },
        (answer) => {
          const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name))
          outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept))
          answer.pipe(outgoing)
          answer.on('error', () => outgoing.destroy())
        },
      )
      call.on('error', () => {
        if (!outgoing.headersSent) refuse(outgoing)
      })
      outgoing.on('close', () => call.destroy())
      call.end(body)
    })
  }
  return { proxy, stop: () => agent.destroy() }
}

function refuse(outgoing: ServerResponse): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  outgoing.writeHead(503, { 'content-type': 'application/json' })
  outgoing.end(JSON.stringify({ code: 'SUPABASE_EDGE_RUNTIME_ERROR', message: 'Service is temporarily unavailable' }))
}
