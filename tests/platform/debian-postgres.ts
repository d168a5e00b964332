import { execFile } from 'node:child_process'
import { access, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { type GuardedProcess, startGuarded } from '../../src/local/guarded-process.ts'
import { freePort } from '../../src/local/postgres.ts'

const run = promisify(execFile)
const binaries = '/usr/lib/postgresql/15/bin'
const superuser = 'supabase_admin'

/** Everything the platform stage takes from Debian 12. */
export const debianPackages = [
  'postgresql-15',
  'postgresql-15-cron',
  'postgresql-15-pgtap',
  'postgresql-15-plpgsql-check',
  'libtap-parser-sourcehandler-pgtap-perl',
]

export interface DebianPostgres {
  port: number
  /** Connection string of `postgres`, the owner of the project's objects. The role exists once the platform is prepared. */
  url: string
  /** Connection string of the superuser. */
  adminUrl: string
  stop(): Promise<void>
}

/**
 * Starts a cluster of its own with Debian's Postgres 15, with pg_cron and plpgsql_check loaded, in a temporary folder and
 * on a free port. It ends with this process, whatever ends that. Clusters that are already there are left alone.
 */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  await access(join(binaries, 'postgres')).catch((cause) => {
    throw new Error(`Debian's Postgres 15 is missing: apt-get install ${debianPackages.join(' ')}`, { cause })
  })
  const folder = await mkdtemp(join(tmpdir(), 'onefold-platform-'))
  const asOwner = await ownerPrefix(folder)
  const data = join(folder, 'data')
  const [command = '', ...args] = [
    ...asOwner,
    ...[
      join(binaries, 'initdb'),
      '-D',
      data,
      '-U',
      superuser,
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '-N',
    ],
  ]
  await run(command, args, { cwd: '/' })

  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_preload_libraries: 'pg_cron,plpgsql_check',
    'cron.database_name': 'postgres',
    'cron.host': '127.0.0.1',
    fsync: 'off',
    timezone: 'UTC',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = startGuarded({
    command: [...asOwner, join(binaries, 'postgres'), '-D', data, '-p', String(port), ...flags],
    stopSignal: 'INT',
    spawn: { cwd: '/' },
  })
  const adminUrl = `postgresql://${superuser}@127.0.0.1:${port}/postgres`
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await accepting(server, adminUrl)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, url: `postgresql://postgres@127.0.0.1:${port}/postgres`, adminUrl, stop }
}

/** Postgres refuses to run as root: then it runs as Debian's user `postgres`, who gets the folder. */
async function ownerPrefix(folder: string): Promise<string[]> {
  if (userInfo().uid !== 0) return []
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])])
  await chown(folder, Number(uid.stdout), Number(gid.stdout))
  return ['setpriv', `--reuid=${Number(uid.stdout)}`, `--regid=${Number(gid.stdout)}`, '--clear-groups']
}

/** Waits until the server answers, or throws what it said when it ended instead. */
async function accepting(server: GuardedProcess, url: string): Promise<void> {
  let hasEnded = false
  void server.exited.then(() => {
    hasEnded = true
  })
  const deadline = Date.now() + 30_000
  for (;;) {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (cause) {
      await client.end().catch(() => {})
      if (hasEnded || Date.now() > deadline)
        throw new Error(`Postgres did not start:\n${server.lastOutput()}`, { cause })
      await Promise.race([server.exited, new Promise((done) => setTimeout(done, 50))])
    }
  }
}
