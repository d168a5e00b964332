import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { ndjsonFile, onefold } from '../import/kit.ts'

/** A project that takes requests and never answers; `asked` resolves with the path of the first. */
async function startSilence() {
  const server = createServer()
  const asked = once(server, 'request').then(([request]) => new URL(request.url, 'http://silence').pathname)
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
])(
  'onefold %s %j, by %s while nobody answers its first question, says that it was interrupted',
  async (name, options, signal, path, summary) => {
    const silence = await startSilence()
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
