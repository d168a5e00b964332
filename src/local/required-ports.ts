import { createServer, type Server } from 'node:net'

/** The options that name a port, and the port. */
export type NamedPorts = Readonly<Record<string, number | undefined>>

/** Throws an Error with one line for a person unless all of these ports can be listened on. The look is over before anything starts. */
export async function requireFreePorts(ports: NamedPorts): Promise<void> {
  const open: Server[] = []
  try {
    for (const [option, port] of Object.entries(ports)) {
      if (port !== undefined) open.push(await listening(option, port))
    }
  } finally {
    await Promise.all(open.map((server) => new Promise((done) => server.close(done))))
  }
}

async function listening(option: string, port: number): Promise<Server> {
  const server = createServer()
  try {
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
    return server
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const why =
      code === 'EADDRINUSE' ? 'is taken' : code === 'EACCES' ? 'is not for everybody' : `cannot be opened (${cause})`
    throw new Error(`Port ${port} ${why}. Name another one with ${option}, or leave it out for a free one.`, { cause })
  }
}
