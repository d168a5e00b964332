import { type ChildProcess, spawn } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { applyMigrations } from '../../src/local/migrate.ts'
import { startPostgres } from '../../src/local/postgres.ts'
import { UnusableData } from '../../src/local/unusable-data.ts'
import { createTestDatabase } from '../harness/database.ts'

const startModule = resolve(import.meta.dirname, '../../src/local/postgres.ts')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'onefold-local-'))
  await chmod(dir, 0o755)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Starts a server from another process, which tells its connection string. */
async function startElsewhere(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const program = `
    const { startPostgres } = await import(${JSON.stringify(startModule)})
    const { adminUrl } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, throwAway: true })
    console.log(adminUrl)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((done, fail) => {
    child.stdout?.once('data', (data: Buffer) => done(data.toString().trim()))
    child.once('exit', () => fail(new Error('the starting process ended')))
  })
  return { child, url }
}

test('a killed process leaves no server behind, and the next start finds the data', async () => {
  const dataDir = join(dir, 'killed')
  const { child, url } = await startElsewhere(dataDir)
  await query(url, 'create table kept as select 42 as n')
  await expect(startPostgres({ dataDir })).rejects.toThrow(/already in use/)
  child.kill('SIGKILL')
  await expect.poll(() => query(url, 'select 1').catch((error: Error) => error.message)).toMatch(/ECONNREFUSED/)

  const again = await startPostgres({ dataDir })
  expect(await query(again.adminUrl, 'select n from kept')).toEqual([{ n: 42 }])
  await again.stop()
  await expect(query(again.adminUrl, 'select 1')).rejects.toThrow(/ECONNREFUSED/)
})

test('a pid file that another program now has the number of does not stop the start', async () => {
  const dataDir = join(dir, 'stale')
  const first = await startPostgres({ dataDir, throwAway: true })
  const pidFile = await readFile(join(dataDir, 'postmaster.pid'), 'utf8')
  await first.stop()
  await writeFile(join(dataDir, 'postmaster.pid'), pidFile.replace(/^\d+/, String(process.pid)))
  const second = await startPostgres({ dataDir, throwAway: true, settings: { work_mem: '7MB' } })
  expect(await query(second.adminUrl, 'show work_mem')).toEqual([{ work_mem: '7MB' }])
  await second.stop()
})

test('a setting that the server refuses is told with its words', async () => {
  const start = startPostgres({ dataDir: join(dir, 'refused'), settings: { max_connections: 'many' } })
  await expect(start).rejects.toThrow(/max_connections/)
})

test('data of another Postgres version are refused with the words of Postgres', async () => {
  const dataDir = join(dir, 'older')
  await (await startPostgres({ dataDir, throwAway: true })).stop()
  await writeFile(join(dataDir, 'PG_VERSION'), '16\n')
  const start = startPostgres({ dataDir, throwAway: true })
  await expect(start).rejects.toThrow(/initialized by PostgreSQL version 16/)
  await expect(start).rejects.toThrow(UnusableData)
})

test('what initdb says is told, and it leaves no database behind', async () => {
  const dataDir = join(dir, 'not-made')
  vi.stubEnv('PGDATESTYLE', 'nonsense')
  const start = startPostgres({ dataDir })
  await expect(start).rejects.toThrow(/^initdb could not make a database in .*\/not-made:\n.*nonsense/s)
  vi.unstubAllEnvs()
  await expect(access(dataDir)).rejects.toThrow(/ENOENT/)
})

test('migrations are applied in order, once each, whole or not at all', async () => {
  const database = await createTestDatabase()
  const migrations = join(dir, 'migrations')
  await mkdir(migrations)
  const path = (name: string) => join(migrations, name)
  await writeFile(
    path('20990101000000_first.sql'),
    'create table public.steps (n int); insert into public.steps values (1);',
  )
  await writeFile(path('20990102000000_second.sql'), 'insert into public.steps values (2);')
  expect(await applyMigrations(database.url, migrations)).toHaveLength(2)
  expect(await applyMigrations(database.url, migrations)).toEqual([])

  await writeFile(path('20990103000000_broken.sql'), 'insert into public.steps values (3);\nselect nonsense;')
  await expect(applyMigrations(database.url, migrations)).rejects.toThrow(/20990103000000_broken.sql:2: .*42703/)
  expect(await query(database.url, 'select array_agg(n order by n) as n from public.steps')).toEqual([{ n: [1, 2] }])
  const kept = `select version, name from supabase_migrations.schema_migrations where version like '2099%' order by version`
  expect(await query(database.url, kept)).toEqual([
    { version: '20990101000000', name: 'first' },
    { version: '20990102000000', name: 'second' },
  ])

  await writeFile(path('20990102000000_second.sql'), 'insert into public.steps values (4);')
  await expect(applyMigrations(database.url, migrations)).rejects.toThrow(/has changed/)
  await database.drop()
})
