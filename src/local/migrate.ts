import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { UnusableData } from './unusable-data.ts'

const MIGRATION_NAME = /^(\d+)_(.*)\.sql$/

/** Runs the work with a connection to `target`: a connection string, or a client that is already connected. */
async function withClient<T>(target: string | pg.ClientBase, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  if (typeof target !== 'string') return work(target)
  const client = new pg.Client({ connectionString: target })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Creates the platform objects of a hosted Supabase project in one database. `target` must be a superuser's. May run again. */
export async function preparePlatform(target: string | pg.ClientBase): Promise<void> {
  const sql = await readFile(fileURLToPath(new URL('platform.sql', import.meta.url)), 'utf8')
  await withClient(target, (client) => runFile(client, sql, 'platform.sql'))
}

/**
 * Applies the migrations of a folder in the order of their version, each in its own transaction and each once. What was applied is
 * kept in `supabase_migrations.schema_migrations`, as `supabase db push` keeps it, so that either may carry on after the other.
 * Returns the file names applied now. Throws UnusableData when a file differs from what was applied under its version.
 */
export async function applyMigrations(target: string | pg.ClientBase, dir = 'supabase/migrations'): Promise<string[]> {
  const files = (await readdir(dir)).filter((name) => MIGRATION_NAME.test(name)).sort()
  return withClient(target, async (client) => {
    await client.query(`
      create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
      alter table supabase_migrations.schema_migrations add column if not exists statements text[];
      alter table supabase_migrations.schema_migrations add column if not exists name text`)
    const { rows } = await client.query<{ version: string; statements: string[] | null }>(
      'select version, statements from supabase_migrations.schema_migrations',
    )
    const known = new Map(rows.map((row) => [row.version, row.statements]))
    const applied: string[] = []
    for (const file of files) {
      const [, version = '', name = ''] = MIGRATION_NAME.exec(file) ?? []
      const sql = await readFile(join(dir, file), 'utf8')
      if (known.has(version)) {
        if (hasChanged(known.get(version), sql)) {
          throw new UnusableData(`${file} has changed since this database applied it.`)
        }
        continue
      }
      await inTransaction(client, async () => {
        await runFile(client, sql, file)
        await client.query(
          'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
          [version, name, [sql]],
        )
      })
      applied.push(file)
    }
    return applied
  })
}

/** Other tools keep a migration statement by statement: those are not compared. */
function hasChanged(kept: string[] | null | undefined, sql: string): boolean {
  return kept?.length === 1 && kept[0] !== sql
}

/** Applies every `.sql` file below `dir` in path order, all in one transaction: the schema as its sources say it. Returns the files. */
export async function applySql(target: string | pg.ClientBase, dir = 'sql'): Promise<string[]> {
  const files = await listSql(dir)
  await withClient(target, (client) =>
    inTransaction(client, async () => {
      for (const file of files) await runFile(client, await readFile(file, 'utf8'), file)
    }),
  )
  return files
}

/** The `.sql` files below a folder in path order, compared by code unit so that every machine agrees. */
export async function listSql(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (a < b ? -1 : 1))
}

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin')
  try {
    await work()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    // A file that changes the search path or a time limit changes it for itself.
    await client.query('reset all')
  }
}

/** Runs a file's statements; an error names the file and the line. */
async function runFile(client: pg.ClientBase, sql: string, file: string): Promise<void> {
  try {
    await client.query(sql)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const line = error.position ? `:${sql.slice(0, Number(error.position)).split('\n').length}` : ''
    const more = [error.detail, error.hint, error.where].filter(Boolean).join('\n')
    throw new Error(`${basename(file)}${line}: ${error.message} (${error.code})${more ? `\n${more}` : ''}`, {
      cause: error,
    })
  }
}
