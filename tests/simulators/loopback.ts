import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'

export interface LoopbackServer {
  url: string
  stop(): Promise<void>
}

/** Serves on a free loopback port until `stop`, which breaks what is still open. */
export async function serveOnLoopback(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the simulator has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Announces the whole body, sends half of it and breaks the connection. */
export async function sendCut(outgoing: ServerResponse, body: string, headers: OutgoingHttpHeaders): Promise<void> {
  outgoing.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) })
  await new Promise<void>((written) => outgoing.write(body.slice(0, body.length / 2), () => written()))
  outgoing.destroy()
}

/** Ends when the client goes. */
export async function untilGone(outgoing: ServerResponse): Promise<void> {
  if (!outgoing.destroyed) await once(outgoing, 'close')
}
