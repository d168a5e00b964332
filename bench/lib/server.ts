import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { applySql, preparePlatform } from '../../src/local/migrate.ts'
import { startPostgres } from '../../src/local/postgres.ts'
import { undoLater } from './cleanup.ts'

const SCHEMA = fileURLToPath(new URL('../../sql', import.meta.url))

const SHOWN_SETTINGS = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
  'autovacuum',
]

export interface BenchDatabase {
  /** Connection string of `postgres`, the owner of the schema. */
  url: string
  pool: pg.Pool
  /** A connection of the superuser. */
  admin: pg.Client
}

export interface BenchServer {
  /** Makes a database with the platform's objects and the schema as `sql/` says it now. */
  addDatabase(name: string): Promise<BenchDatabase>
  settings: Record<string, string>
  /** Stops the server and deletes its data. */
  drop(): Promise<void>
}

/** A Postgres server of the benchmark's own: durable as a real one (nothing is switched off), gone when the benchmark is over. */
export async function startBenchServer(settings: Record<string, string> = {}): Promise<BenchServer> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-bench-'))
  const removeDir = undoLater(() => rm(dir, { recursive: true, force: true }))
  await chmod(dir, 0o755) // The server may run as another user than we do.
  const server = await startPostgres({ dataDir: join(dir, 'postgres'), settings })
  const stopServer = undoLater(server.stop)
  await preparePlatform(server.adminUrl)

  const open: (() => Promise<void>)[] = []
  const first = await connect(server.adminUrl)
  open.push(() => first.end())
  const shown: Record<string, string> = {}
  for (const name of SHOWN_SETTINGS) {
    const { rows } = await first.query<{ value: string }>('select current_setting($1) as value', [name])
    shown[name] = rows[0]?.value ?? ''
  }
  return {
    settings: shown,
    async addDatabase(name) {
      await first.query(`create database ${pg.escapeIdentifier(name)} owner postgres`)
      const url = inDatabase(server.url, name)
      const admin = await connect(inDatabase(server.adminUrl, name))
      await preparePlatform(admin)
      await applySql(url, SCHEMA)
      const pool = new pg.Pool({ connectionString: url, max: 4 })
      pool.on('error', () => {})
      open.push(
        () => admin.end(),
        () => pool.end(),
      )
      return { url, pool, admin }
    },
    async drop() {
      for (const close of open) await close()
      await stopServer()
      await removeDir()
    },
  }
}

/** A connection of its own, which the caller ends. */
export async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {}) // The server was stopped under it.
  await client.connect()
  return client
}

function inDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString)
  url.pathname = `/${database}`
  return url.href
}
