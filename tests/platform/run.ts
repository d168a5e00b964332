/**
 * The platform stage: what the embedded server can't show, on Debian's Postgres 15 with the real pg_cron, pgTAP and
 * plpgsql_check. `--report=<file>` also writes `{passed, failed}`; a pgTAP file counts as one.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { checkAdvisors, describeAdvisors, isClean } from '../../scripts/db-advisors.ts'
import { countResults, describeResults, runSteps, type Step, type StepResult } from '../../scripts/lib/step-runner.ts'
import { preparePlatform } from '../../src/local/migrate.ts'
import { checkCronJobs } from './cron-job.ts'
import { checkLint } from './db-lint.ts'
import { type DebianPostgres, startDebianPostgres } from './debian-postgres.ts'
import { driftSteps } from './drift-is-caught.ts'
import { pgtapSteps } from './pgtap-files.ts'
import { checkPush, checkPushAgain } from './push.ts'
import { query } from './query.ts'

const extensions = ['pg_cron', 'pgtap', 'plpgsql_check']

async function steps(server: DebianPostgres): Promise<Step[]> {
  return [
    { name: 'platform objects and real extensions', run: () => checkPlatform(server.adminUrl) },
    { name: 'supabase db push to an empty project', run: () => checkPush(server.url) },
    { name: 'supabase db push again changes nothing', run: () => checkPushAgain(server.url) },
    { name: 'supabase db lint', run: () => checkLint(server.url) },
    // Before the pgTAP helpers come: their functions are not the project's.
    { name: 'supabase db advisors', run: () => checkAdvisorsOn(server.url) },
    ...(await pgtapSteps(server)),
    ...driftSteps,
    { name: 'the scheduled jobs fire', run: () => checkCronJobs(server.url) },
  ]
}

async function checkPlatform(adminUrl: string): Promise<string[]> {
  await preparePlatform(adminUrl)
  for (const name of ['pgtap', 'plpgsql_check']) {
    await query(adminUrl, `create extension if not exists ${name} with schema extensions`)
  }
  const missing =
    'select w.name from unnest($1::text[]) as w (name) where w.name not in (select extname from pg_extension)'
  const rows = await query(adminUrl, missing, [extensions])
  return rows.map((row) => `Not a real extension here: ${JSON.stringify(row)}`)
}

async function checkAdvisorsOn(url: string): Promise<string[]> {
  const report = await checkAdvisors(url)
  return isClean(report) ? [] : [describeAdvisors(report)]
}

async function runStage(): Promise<StepResult[]> {
  const server = await startDebianPostgres()
  try {
    return await runSteps(await steps(server))
  } finally {
    await server.stop()
  }
}

const { values } = parseArgs({ options: { report: { type: 'string' } } })
const results = await runStage().catch((error: unknown): StepResult[] => [
  { name: 'the stage itself', problems: [error instanceof Error ? error.message : String(error)], seconds: 0 },
])
console.log(`\n${describeResults(results)}`)
const { passed, failed } = countResults(results)
console.log(`\nplatform: ${passed} passed, ${failed} failed`)
if (values.report) await writeFile(values.report, JSON.stringify({ passed, failed }))
if (failed > 0) process.exitCode = 1
