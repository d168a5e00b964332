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
    let isAnswered = false
    const call = request(
      new URL((incoming.url ?? '').slice(PREFIX.length), base),
      {
        agent,
        method: incoming.method ?? 'GET',
        headers: { ...headers, 'x-forwarded-host': incoming.headers.host ?? '' },
      },
      (answer) => {
        isAnswered = true
        const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name))
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept))
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
      },
    )
    // A function may answer before it has read the whole body, as it does with 413: the rest is read here and goes nowhere.
    const dropRest = (): void => {
      incoming.unpipe(call)
      incoming.resume()
    }
    call.on('error', () => {
      dropRest()
      if (!isAnswered) refuse(outgoing)
    })
    outgoing.on('finish', dropRest)
    outgoing.on('close', () => call.destroy())
    incoming.pipe(call)
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
