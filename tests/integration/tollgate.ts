import { buffer } from 'node:stream/consumers'
import { type LoopbackServer, serveOnLoopback } from '../simulators/loopback.ts'

export interface Tollgate extends LoopbackServer {
  /** How many calls are on their way to the database, or at work in it: also those of a process that is dead by now. */
  underWay(): number
}

/**
 * A way to the database that says when a call comes to it, and when its answer is there and not yet passed on. The version,
 * which a process asks for beside its first call, passes unsaid.
 */
export async function tollgate(url: string, onPassing: () => void): Promise<Tollgate> {
  let underWay = 0
  const server = await serveOnLoopback(async (incoming, outgoing) => {
    const body = await buffer(incoming)
    const isSaid = incoming.url !== '/rest/v1/rpc/schema_version'
    if (isSaid) onPassing()
    const { host, connection, 'content-length': length, ...headers } = incoming.headers
    if (isSaid) underWay += 1
    const answer = await fetch(`${url}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
      ...(body.length > 0 ? { body } : {}),
    })
    const text = await answer.text()
    if (isSaid) {
      underWay -= 1
      onPassing()
    }
    const type = answer.headers.get('content-type')
    outgoing.writeHead(answer.status, type === null ? {} : { 'content-type': type }).end(text)
  })
  return { ...server, underWay: () => underWay }
}
