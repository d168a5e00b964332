import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { generateKeys } from '../../../src/local/gateway/keys.ts'
import { startGateway } from '../../../src/local/gateway.ts'
import { externalStack } from '../../../src/local/stack.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Export, exportWorkspace } from '../properties/export.ts'

const HOME = fileURLToPath(new URL('../../../', import.meta.url))
const ONEFOLD = join(HOME, 'src/cli/onefold.ts')

export interface ImportStack {
  url: string
  secretKey: string
  database: TestDatabase
  stop(): Promise<void>
}

/** A database behind the gateway, or the stack that the environment names. Imports need no functions. */
export async function startImportStack(): Promise<ImportStack> {
  const database = await createTestDatabase()
  const external = externalStack()
  if (external) return { url: external.url, secretKey: external.secretKey, database, stop: () => database.drop() }
  const keys = await generateKeys()
  const gateway = await startGateway({ dbUrl: database.url, keys })
  return {
    url: gateway.url,
    secretKey: keys.secretKey,
    database,
    async stop() {
      await gateway.stop()
      await database.drop()
    },
  }
}

/** A file named `in.ndjson`, in a folder of its own. */
export async function ndjsonFile(records: readonly unknown[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-import-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const path = join(dir, 'in.ndjson')
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return path
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

export interface Running {
  kill(signal: NodeJS.Signals): void
  ended: Promise<Ended>
}

/** Starts the command in a process of its own, as somebody would. */
export function onefold(access: { url: string; secretKey: string }, args: string[], nodeArgs: string[] = []): Running {
  return start(access, process.execPath, [...nodeArgs, ONEFOLD, ...args])
}

/** The same as the documentation calls it, through npm: signals go to npm. */
export function onefoldByNpm(access: { url: string; secretKey: string }, args: string[]): Running {
  return start(access, 'npm', ['run', '-s', 'onefold', '--', ...args])
}

function start(access: { url: string; secretKey: string }, command: string, args: string[]): Running {
  const env = { PATH: process.env.PATH, SUPABASE_URL: access.url, SUPABASE_SECRET_KEY: access.secretKey }
  const child = spawn(command, args, { cwd: HOME, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([, out, err]): Ended => ({ code: child.exitCode, signal: child.signalCode, out, err }),
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { kill: (signal) => child.kill(signal), ended }
}

/** What every command asks first. */
const VERSION = '/rest/v1/rpc/schema_version'

/** What stands between the command and the API: it passes every request on, and a call's answer once `answer` lets it. */
export interface Proxy {
  url: string
  /** How many calls of database functions have come, but for the version. */
  calls(): number
}

/**
 * `answer` is asked about every such call, by its number, after the database has answered it: the promise
 * holds the answer back, and a status instead of it is what the caller gets.
 */
export async function startProxy(upstream: string, answer: (call: number) => Promise<'pass' | number>): Promise<Proxy> {
  let calls = 0
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '' } = request
    const { host: _host, connection: _connection, 'content-length': _length, ...rest } = request.headers
    const headers = Object.entries(rest).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const isCall = url.startsWith('/rest/v1/rpc/') && url !== VERSION
    const number = isCall ? ++calls : 0
    const body = method === 'POST' ? { body: await buffer(request) } : {}
    const passed = await fetch(`${upstream}${url}`, { method, headers, ...body })
    const content = Buffer.from(await passed.arrayBuffer())
    const verdict = isCall ? await answer(number) : 'pass'
    if (verdict !== 'pass') {
      response.writeHead(verdict).end()
      return
    }
    response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? 'text/plain' })
    response.end(content)
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
  return { url: `http://127.0.0.1:${address.port}`, calls: () => calls }
}

/**
 * What the workspace holds, without which of the deliveries that say the same is named as the origin: lines that go in
 * together are one delivery.
 */
export async function contentOf(stack: ImportStack, workspaceId: string, mark: string): Promise<Export> {
  const content = await exportWorkspace(stack.database.pool, workspaceId, mark)
  return JSON.parse(JSON.stringify(content, (key, value) => (key === 'delivery' ? undefined : value)))
}
