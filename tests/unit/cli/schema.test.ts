import { describe, expect, it } from 'vitest'
import type { Connection } from '../../../src/cli/connection.ts'
import type { Versions } from '../../../src/crm/schema-version.ts'
import { fakeMonitoring, fileWith, ndjson, refusal, run } from './kit.ts'

const OLD: Versions = { database: '0.1.0', client: '0.2.0', fit: 'too_old' }
const NEW: Versions = { database: '0.3.0', client: '0.2.0', fit: 'newer' }

/** The command lines of all commands that ask the database. */
const COMMANDS: [string, string[]][] = [
  ['status', ['status']],
  ['locks', ['locks', '--cleanup']],
  ['sync', ['sync', '--account', 'messenger:A1']],
  ['import contacts', ['import', 'contacts', '--workspace', 'acme']],
  ['import messages', ['import', 'messages', '--account', 'whatsapp:PN1']],
]

/** The same with the file that an import reads. */
async function commandLine(args: string[]): Promise<string[]> {
  return args[0] === 'import' ? [...args.slice(0, 2), await fileWith(ndjson({})), ...args.slice(2)] : args
}

const unasked = () => Promise.reject(new Error('asked for more than the version'))
const against = (versions: Connection['versions']) => ({
  connection: { versions, workspace: unasked, account: unasked },
})

describe.each(COMMANDS)('onefold %s', (_, args) => {
  it('does nothing with a schema that is too old, and says so', async () => {
    const { code, out, err } = await run(
      [...(await commandLine(args)), '--json'],
      {},
      against(async () => OLD),
    )
    expect({ code, err }).toEqual({ code: 3, err: [] })
    expect(JSON.parse(out)).toMatchObject({
      exit_code: 3,
      error: { code: 'schema_mismatch', message: "The database's schema is 0.1.0, and this client is 0.2.0." },
    })
  })

  it('exits with 2 when the key is refused for the version', async () => {
    const ran = await run(
      await commandLine(args),
      {},
      against(() => Promise.reject(refusal(null, 401))),
    )
    expect({ code: ran.code, text: [ran.out, ...ran.err].join('\n') }).toMatchObject({
      code: 2,
      text: expect.stringContaining('does not accept the secret key'),
    })
  })
})

const nothing = async () => []
const quiet = fakeMonitoring({
  problems: nothing,
  activeSyncs: nothing,
  statistics: nothing,
  deadLetters: nothing,
  locks: nothing,
  stuckLocks: nothing,
})

it('a newer schema is told, and works', async () => {
  const ran = await run(['locks'], {}, { connection: { versions: async () => NEW, monitoring: quiet } })
  expect(ran).toMatchObject({ code: 0, err: [expect.stringMatching(/schema is 0\.3\.0, and this command is 0\.2\.0/)] })
})

it('status shows both versions', async () => {
  const connection = { versions: async () => NEW, monitoring: quiet }
  const text = await run(['status'], {}, { connection })
  expect(text.out).toMatch(/^Schema 0\.3\.0, client 0\.2\.0$/m)
  const json = await run(['status', '--json'], {}, { connection })
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, versions: NEW })
})
