import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import pg from 'pg'
import { ZodError } from 'zod'
import { createAuthApi } from './gateway/auth-api.ts'
import { createAuthenticate } from './gateway/caller.ts'
import { createFunctionsProxy, PREFIX } from './gateway/functions-proxy.ts'
import { apiError, toHttpError } from './gateway/http-error.ts'
import type { StackKeys } from './gateway/keys.ts'
import { RestApi } from './gateway/rest.ts'
import { RequestRunner } from './gateway/transaction.ts'
import { freePort } from './postgres.ts'

export interface GatewayOptions {
  /** Connection string of `postgres`, with the platform prepared; requests connect as `authenticator` of the same server. */
  dbUrl: string
  keys: StackKeys
  /** A free port when left out. */
  port?: number
  /** Schemas that `Accept-Profile` and `Content-Profile` may name; the first is the default. */
  schemas?: readonly string[]
  /** The most rows an answer has: `max_rows` of supabase/config.toml. */
  maxRows?: number
  /** Where the function runner listens, once it does. */
  functionsUrl?: () => string | undefined
  /** Connections to the database. */
  poolSize?: number
}

export interface RunningGateway {
  url: string
  port: number
  stop(): Promise<void>
}

/**
 * Starts the HTTP surface of a local stack: `/rest/v1` (function calls and reads), `/auth/v1` (password sign-in) and
 * `/functions/v1` (passed on). It is a small stand-in with PostgREST's documented semantics, not PostgREST.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { keys } = options
  const port = options.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const runner = new RequestRunner(authenticatorUrl(options.dbUrl), options.poolSize ?? 24)
  const authPool = new pg.Pool({ connectionString: options.dbUrl, max: 4 })
  authPool.on('error', () => {}) // An idle connection was lost; the next request opens another.
  const authenticate = createAuthenticate(keys)
  const rest = new RestApi(runner, options.schemas ?? ['crm', 'public'], options.maxRows ?? 1000)
  const { proxy, stop: stopProxy } = createFunctionsProxy(options.functionsUrl ?? (() => undefined))

  const app = new Hono()
  app.use('*', cors({ origin: '*', exposeHeaders: ['content-range', 'www-authenticate'], maxAge: 86_400 }))
  app.onError((error) => {
    if (error instanceof ZodError)
      return apiError(400, 'validation_failed', 'The body is not as expected.').toResponse()
    return toHttpError(error, 'authenticated').toResponse()
  })
  app.notFound(() => Response.json({ message: 'no Route matched with those values' }, { status: 404 }))
  app.route('/auth/v1', createAuthApi({ pool: authPool, keys, authenticate, issuer: () => `${url}/auth/v1` }))
  app.on(['GET', 'POST'], ['/rest/v1/rpc/:name', '/rest/v1/:name'], async (c) => {
    const requestUrl = new URL(c.req.url)
    const caller = await authenticate((name) => c.req.header(name), requestUrl)
    const { method } = c.req
    const isCall = requestUrl.pathname.startsWith('/rest/v1/rpc/')
    if (!isCall && method === 'POST') {
      return apiError(405, 'PGRST117', 'Tables are read-only here: write through functions.').toResponse()
    }
    const body = method === 'POST' ? await c.req.text() : ''
    const request = { method, url: requestUrl, headers: c.req.raw.headers, caller, body }
    const name = c.req.param('name')
    try {
      return await (isCall ? rest.call(name, request) : rest.read(name, request))
    } catch (error) {
      return toHttpError(error, caller.role).toResponse()
    }
  })

  const listener = getRequestListener(app.fetch)
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith(`${PREFIX}/`)) proxy(incoming, outgoing)
    else void listener(incoming, outgoing)
  })
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  return {
    url,
    port,
    async stop() {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      stopProxy()
      await Promise.all([closed, runner.stop(), authPool.end()])
    },
  }
}

function authenticatorUrl(dbUrl: string): string {
  const url = new URL(dbUrl)
  url.username = 'authenticator'
  url.password = 'postgres'
  return url.href
}
