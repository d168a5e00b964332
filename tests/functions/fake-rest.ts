import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { CLIENT_VERSION } from '../../src/crm/schema-version.ts'

export interface RestCall {
  rpc: string
  apikey: string | undefined
  authorization: string | undefined
  profile: string | undefined
  args: Record<string, unknown>
}

export interface RestAnswer {
  status: number
  body: unknown
}

export interface FakeRest {
  url: string
  calls: RestCall[]
  close(): Promise<void>
}

/** How a database of this client's release answers `schema_version`. */
export const SAME_VERSION: RestAnswer = { status: 200, body: JSON.stringify(CLIENT_VERSION) }

/** The calls but for `schema_version`: a function asks for that beside its first request. */
export function callsOf(rest: FakeRest): RestCall[] {
  return rest.calls.filter(({ rpc }) => rpc !== 'schema_version')
}

/** A loopback server with the shape of `/rest/v1/rpc/*`: it keeps each call and answers what the test says. */
export async function startFakeRest(answer: (call: RestCall) => RestAnswer | 'silence'): Promise<FakeRest> {
  const calls: RestCall[] = []
  const server = createServer(async (request, response) => {
    const call: RestCall = {
      rpc: /^\/rest\/v1\/rpc\/(\w+)$/.exec(request.url ?? '')?.[1] ?? '',
      apikey: request.headers.apikey?.toString(),
      authorization: request.headers.authorization,
      profile: request.headers['content-profile']?.toString(),
      args: JSON.parse(await text(request)),
    }
    calls.push(call)
    const given = answer(call)
    if (given === 'silence') return
    const { status, body } = given
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
