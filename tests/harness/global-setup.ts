import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { applyMigrations, applySql, preparePlatform } from '../../src/local/migrate.ts'
import { startPostgres } from '../../src/local/postgres.ts'
import { inDatabase } from './database.ts'
import { installHelpers, installPgTap } from './pgtap.ts'

const TEMPLATE = 'onefold_template'

/**
 * Once per run: a throw-away Postgres and in it a template with everything a test database has. The schema comes from
 * `supabase/migrations`, or from `sql/` with `ONEFOLD_SCHEMA=sql`. With `SUPABASE_DB_URL` set, that database is used
 * as it is (it needs the migrations), and pgTAP and the helpers are added to it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const caches = await mkdtemp(join(tmpdir(), 'onefold-compiled-'))
  // Of the many processes that tests start, only the first has to compile what they all run.
  process.env.NODE_COMPILE_CACHE ??= caches
  const tearDown = await setUpDatabase(project)
  return async () => {
    await tearDown()
    // A process that is ending may still write what it compiled.
    await rm(caches, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

async function setUpDatabase(project: TestProject): Promise<() => Promise<void>> {
  const external = process.env.SUPABASE_DB_URL
  if (external) {
    await withClient(external, async (client) => {
      await installPgTap(client)
      await installHelpers(client)
    })
    project.provide('database', { url: external, adminUrl: null, template: null })
    return async () => {}
  }

  const dir = await mkdtemp(join(tmpdir(), 'onefold-test-'))
  await chmod(dir, 0o755) // The server may run as another user than we do.
  const postgres = await startPostgres({
    dataDir: join(dir, 'postgres'),
    throwAway: true,
    settings: { max_connections: '400' },
  })
  try {
    await withClient(postgres.adminUrl, (client) => client.query(`create database ${TEMPLATE}`))
    const adminUrl = inDatabase(postgres.adminUrl, TEMPLATE)
    const url = inDatabase(postgres.url, TEMPLATE)
    await preparePlatform(adminUrl)
    if (process.env.ONEFOLD_SCHEMA === 'sql') await applySql(url)
    else await applyMigrations(url)
    await withClient(adminUrl, installPgTap)
    await withClient(url, installHelpers)
  } catch (error) {
    await postgres.stop()
    throw error
  }
  project.provide('database', { url: postgres.url, adminUrl: postgres.adminUrl, template: TEMPLATE })
  return async () => {
    await postgres.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
