import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readFromTarball } from './tar.ts'

const SCRIPT = 'share/postgresql/extension/pgtap--1.3.5.sql'

/**
 * Installs pgTAP into schema `extensions` of a test database, where the role settings find it. It is plain SQL that ships inside
 * a package for another Postgres build; it never goes into a migration. Does nothing where pgTAP already is.
 */
export async function installPgTap(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(`select from pg_catalog.pg_proc where proname = 'pgtap_version'`)
  if (rows.length) return
  const home = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite-pgtap'))
  const script = await readFromTarball(join(home, 'pgtap.tar.gz'), SCRIPT)
  const statements = script.replace(/^\\.*$/gm, '')
  await client.query(`begin; set local search_path = extensions; ${statements}; commit`)
}

/** The files of `tests/sql/helpers` (schema `tests`), in the order in which they are to be run. */
export async function helperFiles(): Promise<string[]> {
  const folder = fileURLToPath(new URL('../sql/helpers', import.meta.url))
  return (await readdir(folder)).sort().map((name) => join(folder, name))
}

/** Installs the helpers. */
export async function installHelpers(client: pg.ClientBase): Promise<void> {
  for (const file of await helperFiles()) await client.query(await readFile(file, 'utf8'))
}

export interface TapFailure {
  number: number
  description: string
  /** The lines pgTAP wrote about it: what it had and what it wanted. */
  diagnostics: string
}

export interface TapReport {
  planned: number | null
  ran: number
  failures: TapFailure[]
  /** What is wrong with the file as a whole: an error that ended it, or a plan that was not kept. */
  problems: string[]
}

/** Reads TAP lines into a report. A test marked TODO may fail; a file without a plan is a problem. */
export function parseTap(lines: readonly string[]): TapReport {
  const report: TapReport = { planned: null, ran: 0, failures: [], problems: [] }
  let current: TapFailure | undefined
  for (const line of lines) {
    const plan = /^1\.\.(\d+)/.exec(line)
    const test = /^(not )?ok (\d+)(?: - (.*))?$/.exec(line)
    if (plan) report.planned = Number(plan[1])
    else if (test) {
      report.ran += 1
      const description = test[3] ?? ''
      current = undefined
      if (test[1] && !/# TODO/i.test(description)) {
        current = { number: Number(test[2]), description, diagnostics: '' }
        report.failures.push(current)
      }
    } else if (line.startsWith('Bail out!')) report.problems.push(line)
    else if (current && line.startsWith('#')) current.diagnostics += `${line}\n`
  }
  if (report.planned === null) report.problems.push('no plan')
  else if (report.planned !== report.ran) report.problems.push(`planned ${report.planned} tests, ran ${report.ran}`)
  return report
}

/**
 * Runs one pgTAP file on a connection of its own and reports what failed. The file begins and rolls back its transaction itself;
 * a file that leaves one open or commits is not noticed here, so end it with `rollback`.
 */
export async function runTapFile(url: string, file: string): Promise<TapReport> {
  const client = new pg.Client({ connectionString: url, application_name: 'pgTAP' })
  client.on('error', () => {})
  await client.connect()
  const lines: string[] = []
  try {
    const text = await readFile(file, 'utf8')
    const failure = await new Promise<Error | undefined>((done) => {
      const query = new pg.Query<Record<string, unknown>>(text)
      query.on('row', (row) => lines.push(...String(Object.values(row)[0] ?? '').split('\n')))
      query.on('error', done)
      query.on('end', () => done(undefined))
      client.query(query)
    })
    const report = parseTap(lines)
    if (failure) report.problems.unshift(describe(failure, text))
    return report
  } finally {
    await client.end()
  }
}

function describe(error: Error, text: string): string {
  if (!(error instanceof pg.DatabaseError)) return error.message
  const line = error.position ? ` at line ${text.slice(0, Number(error.position)).split('\n').length}` : ''
  return [`${error.message} (${error.code})${line}`, error.detail, error.where].filter(Boolean).join('\n')
}
