import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { root } from '../../scripts/lib/paths.ts'
import { runProcess } from '../../scripts/lib/run-process.ts'
import type { Step } from '../../scripts/lib/step-runner.ts'
import { listSql } from '../../src/local/migrate.ts'
import { helperFiles } from '../harness/pgtap.ts'
import type { DebianPostgres } from './debian-postgres.ts'
import { runScript } from './query.ts'

const testFolder = `${root}tests/sql`

/** Returns one step that loads the helpers, then one per test file, which pg_prove runs. */
export async function pgtapSteps(server: DebianPostgres, folder = testFolder): Promise<Step[]> {
  const files = (await listSql(folder)).filter((file) => file.endsWith('.test.sql'))
  if (files.length === 0) return [{ name: 'pgTAP', run: async () => ['There is no pgTAP test under tests/sql.'] }]
  return [
    { name: 'pgTAP helpers load', run: () => loadHelpers(server.url) },
    ...files.map((file) => ({ name: `pgTAP ${relative(folder, file)}`, run: () => prove(server, file) })),
  ]
}

async function loadHelpers(url: string): Promise<string[]> {
  for (const file of await helperFiles()) await runScript(url, await readFile(file, 'utf8'))
  return []
}

async function prove(server: DebianPostgres, file: string): Promise<string[]> {
  const target = { PGHOST: '127.0.0.1', PGPORT: String(server.port), PGUSER: 'postgres', PGDATABASE: 'postgres' }
  const { status, output } = await runProcess('pg_prove', ['--failures', file], { env: target })
  return status === 0 ? [] : [output.trim()]
}
