import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Connection } from '../../../src/cli/connection.ts'
import type { Monitoring } from '../../../src/cli/monitoring.ts'
import { runCommand } from '../../../src/cli/program.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import type { CrmClient } from '../../../src/crm/client.ts'
import type { Part } from '../../../src/lib/progress-line.ts'
import { fakeCrm, rpcError } from '../../functions/fake-crm.ts'
import { CommandClock } from './command-clock.ts'

/** A file of its own for the test, with this content. */
export async function fileWith(content: string | Buffer, name = 'in.ndjson'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-cli-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

export function ndjson(...records: unknown[]): string {
  return records.map((record) => `${typeof record === 'string' ? record : JSON.stringify(record)}\n`).join('')
}

/** What a file beside the imported one holds, line by line; null when there is no such file. */
export async function jsonLines(path: string): Promise<unknown[] | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  return text === null
    ? null
    : text
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
}

export interface Ran {
  code: number
  out: string
  err: string[]
  /** Every text of progress, and the part that was done where it was known. */
  progress: [text: string, part?: Part][]
  /** Whether the progress line was taken away in the end. */
  isLineGone: boolean
}

export const WORKSPACE = { id: '11111111-1111-4111-8111-111111111111', slug: 'acme' }
export const ACCOUNT = { id: 'account-1', workspaceId: WORKSPACE.id, isActive: true }

/** Views that nobody should ask, unless a test gives its own. */
export function fakeMonitoring(views: Partial<Monitoring> = {}): Monitoring {
  const unexpected = (view: string) => () => Promise.reject(new Error(`unexpected reading of ${view}`))
  return {
    activeSyncs: unexpected('activeSyncs'),
    problems: unexpected('problems'),
    statistics: unexpected('statistics'),
    deadLetters: unexpected('deadLetters'),
    locks: unexpected('locks'),
    stuckLocks: unexpected('stuckLocks'),
    run: unexpected('run'),
    ...views,
  }
}

/** Runs a command line with a database that knows the workspace `acme` and the account `whatsapp:PN1`. */
export async function run(
  args: string[],
  crm: Partial<CrmClient> = {},
  options: { connection?: Partial<Connection>; interruption?: AbortController; clock?: CommandClock } = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const progress: Ran['progress'] = []
  let isLineGone = true
  const connection: Connection = {
    url: 'http://127.0.0.1:1',
    crm: fakeCrm(crm),
    monitoring: fakeMonitoring(),
    versions: async () => ({ database: '0.1.0', client: '0.1.0', fit: 'same' }),
    callFunction: async (name) => Promise.reject(new Error(`unexpected call of ${name}`)),
    workspace: async (slugOrId) => ([WORKSPACE.id, WORKSPACE.slug].includes(slugOrId) ? WORKSPACE : null),
    account: async (channel, externalId) => (channel === 'whatsapp' && externalId === 'PN1' ? ACCOUNT : null),
    ...options.connection,
  }
  const terminal: Terminal = {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    progress(text, part) {
      progress.push(part ? [text, part] : [text])
      isLineGone = false
    },
    endProgress() {
      isLineGone = true
    },
    connect: () => connection,
    clock: options.clock ?? new CommandClock(),
    interrupted: (options.interruption ?? new AbortController()).signal,
  }
  const code = await runCommand(args, terminal)
  return { code, out: out.join('\n'), err, progress, isLineGone }
}

/** What PostgREST says when a statement failed. */
export function refusal(code: string | null, status = 500): ReturnType<typeof rpcError> {
  return rpcError({ code, status })
}
