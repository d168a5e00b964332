import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import { applyMigrations, applySql, preparePlatform } from '../../src/local/migrate.ts'
import { type RunningPostgres, startPostgres } from '../../src/local/postgres.ts'
import { migrationsFolder, sqlFolder } from './paths.ts'

/** The project's schema in databases that live as long as one check. Each is made when first asked for, and then shared. */
export interface ProjectDatabases {
  /** Connection string of the schema as sql/ says it. */
  fromSql(): Promise<string>
  /** Connection string of the schema as the migrations make it. */
  fromMigrations(): Promise<string>
}

export interface ProjectFolders {
  sql: string
  migrations: string
}

const project: ProjectFolders = { sql: sqlFolder, migrations: migrationsFolder }

/** Lends the project's databases to `use`, on a server that lives no longer than that. */
export async function withProjectDatabases<T>(
  use: (databases: ProjectDatabases) => Promise<T>,
  folders = project,
): Promise<T> {
  const databases = await startProjectDatabases(folders)
  try {
    return await use(databases)
  } finally {
    await databases.stop()
  }
}

/** Starts an embedded Postgres in a temporary folder; `stop` ends it and removes the folder. */
export async function startProjectDatabases(
  folders = project,
): Promise<ProjectDatabases & { stop: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'onefold-check-'))
  const remove = () => rm(dataDir, { recursive: true, force: true })
  const server = await startPostgres({ dataDir, throwAway: true }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return {
    fromSql: once(() => createDatabase(server, 'from_sql', (url) => applySql(url, folders.sql))),
    fromMigrations: once(() =>
      createDatabase(server, 'from_migrations', (url) => applyMigrations(url, folders.migrations)),
    ),
    async stop() {
      await server.stop()
      await remove()
    },
  }
}

async function createDatabase(
  server: RunningPostgres,
  name: string,
  fill: (url: string) => Promise<unknown>,
): Promise<string> {
  const client = new Client({ connectionString: server.adminUrl })
  await client.connect()
  try {
    await client.query(`create database ${escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  await preparePlatform(onDatabase(server.adminUrl, name))
  const url = onDatabase(server.url, name)
  await fill(url)
  return url
}

/** Returns the same connection to another database of the server. */
export function onDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
