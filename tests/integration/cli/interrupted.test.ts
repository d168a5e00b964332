import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { CLIENT_VERSION } from '../../../src/crm/schema-version.ts'
import { ndjsonFile, onefold } from '../import/kit.ts'

const version = '/rest/v1/rpc/schema_version'

/** A project that says its version at most, and answers nothing else; `asked` resolves with the path of what it leaves unanswered. */
async function startSilence(saysVersion: boolean) {
  const server = createServer()
  const asked = new Promise<string>((resolve) => {
    server.on('request', (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://silence')
      if (saysVersion && pathname === version)
        response.setHeader('content-type', 'application/json').end(`"${CLIENT_VERSION}"`)
      else resolve(pathname)
    })
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
  return { url: `http://127.0.0.1:${address.port}`, asked }
}

const accounts = '/rest/v1/channel_accounts'
const workspaces = '/rest/v1/workspaces'

it.each<[string, string[], NodeJS.Signals, string, object]>([
  ['sync', ['--account', 'messenger:1'], 'SIGTERM', accounts, { status: 'interrupted', calls: 0, error: null }],
  ['sync', ['--account', 'messenger:1'], 'SIGINT', accounts, { status: 'interrupted', calls: 0, error: null }],
  ['import contacts', ['--workspace', 'acme'], 'SIGTERM', workspaces, { status: 'interrupted', line: 0, error: null }],
  ['import messages', ['--account', 'whatsapp:1'], 'SIGINT', accounts, { status: 'interrupted', line: 0, error: null }],
  ['status', ['--workspace', 'acme'], 'SIGTERM', workspaces, { error: { code: 'interrupted' } }],
  ['locks', [], 'SIGINT', '/rest/v1/sync_locks', { error: { code: 'interrupted' } }],
  ['sync', ['--account', 'messenger:1'], 'SIGINT', version, { status: 'interrupted', calls: 0, error: null }],
  ['locks', ['--cleanup'], 'SIGTERM', version, { error: { code: 'interrupted' } }],
])(
  'onefold %s %j, by %s while nobody answers %s, says that it was interrupted',
  async (name, options, signal, path, summary) => {
    const silence = await startSilence(path !== version)
    const file = name.startsWith('import') ? [await ndjsonFile([{}])] : []
    const running = onefold({ url: silence.url, secretKey: 'sb_secret_x' }, [
      ...name.split(' '),
      ...file,
      ...options,
      '--json',
    ])
    expect(await silence.asked).toBe(path)
    running.kill(signal)
    const { code, signal: killedBy, out } = await running.ended
    expect({ code, killedBy }).toEqual({ code: 4, killedBy: null })
    expect(JSON.parse(out)).toMatchObject({ exit_code: 4, ...summary })
  },
)
