/**
 * `npm run check`: everything that is not a test. Two rows of steps run side by side: the source, and the database.
 * `--report=<file>` also writes `{passed, failed}`, counted in steps.
 */
import { glob, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { checkColumns } from './check-columns.ts'
import { checkComments } from './check-comments.ts'
import { checkErrors } from './check-errors.ts'
import { checkImports } from './check-imports.ts'
import { checkLiterals } from './check-literals.ts'
import { checkRooms } from './check-rooms.ts'
import { checkVersion } from './check-version.ts'
import { checkAdvisors, describeAdvisors, isClean } from './db-advisors.ts'
import { findDrift } from './db-drift.ts'
import { checkMigrations } from './db-migration.ts'
import { checkTypes } from './db-types.ts'
import { checkPhoneMetadata } from './gen-phone.ts'
import { root } from './lib/paths.ts'
import { type ProjectDatabases, withProjectDatabases } from './lib/project-databases.ts'
import { runProcess } from './lib/run-process.ts'
import { countResults, describeResults, runSteps, type Step, type StepResult } from './lib/step-runner.ts'

const sourceSteps: Step[] = [
  { name: 'migrations are current', run: () => checkMigrations() },
  { name: 'version is the same everywhere', run: checkVersion },
  { name: 'phone metadata is current', run: checkPhoneMetadata },
  { name: 'error codes are listed', run: checkErrors },
  { name: 'imports go down', run: checkImports },
  { name: 'rooms of sql/ name lower ones', run: checkRooms },
  { name: 'lines of sql/ fit 120 columns', run: checkColumns },
  { name: 'format and lint', run: () => runTool('biome', ['check', '--error-on-warnings', '.']) },
  { name: 'types (Node)', run: () => runTool('tsc', ['-p', 'tsconfig.json']) },
  { name: 'types (Deno)', run: checkDenoTypes },
]

function databaseSteps(databases: ProjectDatabases): Step[] {
  return [
    { name: 'sql/ applies', run: () => applies(databases.fromSql()) },
    { name: 'migrations apply', run: () => applies(databases.fromMigrations()) },
    { name: 'no drift', run: () => findDrift(databases) },
    { name: 'generated types are current', run: () => checkTypes(databases) },
    { name: 'advisors', run: async () => checkAdvisorsOn(await databases.fromMigrations()) },
    { name: 'comments are complete', run: () => checkComments(databases) },
    { name: 'names are only in the registries', run: () => checkLiterals(databases) },
  ]
}

async function runTool(name: string, args: readonly string[]): Promise<string[]> {
  const { status, output } = await runProcess(`${root}node_modules/.bin/${name}`, args, { env: { NO_COLOR: '1' } })
  return status === 0 ? [] : [output.trim() || `${name} ended with ${status}`]
}

async function checkDenoTypes(): Promise<string[]> {
  const functions: string[] = []
  for await (const file of glob('functions/*/index.ts', { cwd: root })) functions.push(file)
  if (functions.length === 0) return ['There is no functions/*/index.ts.']
  return runTool('deno', ['check', '--quiet', '--config', 'functions/deno.json', ...functions.sort()])
}

async function applies(database: Promise<string>): Promise<string[]> {
  await database
  return []
}

async function checkAdvisorsOn(url: string): Promise<string[]> {
  const report = await checkAdvisors(url)
  return isClean(report) ? [] : [describeAdvisors(report)]
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { report: { type: 'string' } } })
  const onDatabase = withProjectDatabases((databases) => runSteps(databaseSteps(databases))).catch(
    (error: unknown): StepResult[] => [{ name: 'database server', problems: [String(error)], seconds: 0 }],
  )
  const results = (await Promise.all([runSteps(sourceSteps), onDatabase])).flat()
  console.log(`\n${describeResults(results)}`)
  const { passed, failed } = countResults(results)
  console.log(`\ncheck: ${passed} passed, ${failed} failed`)
  if (values.report) await writeFile(values.report, JSON.stringify({ passed, failed }))
  if (failed > 0) process.exitCode = 1
}

await main()
