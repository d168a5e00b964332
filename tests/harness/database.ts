import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** What the global set-up hands to every test file. */
export interface ProvidedDatabase {
  /** Connection string of `postgres` on the server's default database. */
  url: string
  /** Connection string of the superuser; null on a stack that was there before. */
  adminUrl: string | null
  /** The database that test databases are cloned from; null on a stack that was there before. */
  template: string | null
}

declare module 'vitest' {
  export interface ProvidedContext {
    database: ProvidedDatabase
  }
}

export interface TestDatabase {
  name: string
  /** Connection string of `postgres`, the owner of the schema. */
  url: string
  /** Connection string of the superuser; the same as `url` on a stack that was there before. */
  adminUrl: string
  pool: pg.Pool
  /** A connection of its own, for what needs two sessions. It is closed with the database. */
  client(): Promise<pg.Client>
  /** Closes every connection and drops the database. */
  drop(): Promise<void>
}

/**
 * A fresh database with the platform, the migrations, pgTAP and the test helpers. With `SUPABASE_DB_URL` set it is that
 * database itself, shared and kept: tests therefore make workspaces of their own.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { url, adminUrl, template } = inject('database')
  if (adminUrl === null || template === null) return connect('external', url, url, async () => {})
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(adminUrl, `create database ${name} template ${template} owner postgres`)
  return connect(name, inDatabase(url, name), inDatabase(adminUrl, name), () =>
    asAdmin(adminUrl, `drop database if exists ${name} with (force)`),
  )
}

/** The same server, another database. */
export function inDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString)
  url.pathname = `/${database}`
  return url.href
}

function connect(name: string, url: string, adminUrl: string, remove: () => Promise<void>): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 40 })
  pool.on('error', () => {})
  const clients: pg.Client[] = []
  return {
    name,
    url,
    adminUrl,
    pool,
    async client() {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      clients.push(client)
      return client
    },
    async drop() {
      await Promise.all(clients.map((client) => client.end()))
      await pool.end()
      await remove()
    },
  }
}

async function asAdmin(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
