/**
 * `npm run bench`: measures what the project promises about speed and memory, each figure beside a baseline in the same run.
 * Names choose benchmarks; `--json` also prints the results as JSON and keeps them in bench/results/; `--help` lists the names and the
 * variables that set a size.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { contacts } from './contacts.ts'
import { http } from './http.ts'
import { large } from './large.ts'
import { undoAll, undoOnSignals } from './lib/cleanup.ts'
import { printReport, type Report, writeReport } from './lib/report.ts'
import { locks } from './locks.ts'
import { page } from './page.ts'
import { phone } from './phone.ts'
import { reconcile } from './reconcile.ts'
import { single } from './single.ts'
import { start } from './start.ts'
import { sync } from './sync.ts'

const BENCHMARKS: Record<string, { run: () => Promise<Report>; measures: string }> = {
  single: { run: single, measures: 'one message to a known contact' },
  page: { run: page, measures: 'pages of new conversations, and the same again' },
  large: { run: large, measures: 'one message where five million are there (ten minutes, 8 GB of disk)' },
  contacts: { run: contacts, measures: 'pages of API records, half of them upgrades (five minutes, 6 GB of disk)' },
  phone: { run: phone, measures: 'normalize_phone over 50,000 numbers' },
  reconcile: { run: reconcile, measures: 'reconcile_contacts over orphans, and with nothing to do' },
  locks: { run: locks, measures: 'the lock functions' },
  http: { run: http, measures: 'a webhook through gateway, function and database' },
  sync: { run: sync, measures: 'a whole page through conversation-sync, and with nothing new' },
  start: { run: start, measures: 'how soon the local platform is ready, and its memory' },
}

const SIZES = `
Sizes, in the environment:
  BENCH_CONVERSATIONS  sync: conversations of the page (10000); reconcile: conversations (100000)
  BENCH_MESSAGES       sync: messages of the page (200000)
  BENCH_ORPHANS        reconcile: orphans among the conversations (10000)
  BENCH_CONTACTS       reconcile: contacts, for one call with nothing to do (1000000)`

const { help, json, names } = readArguments()
if (help) {
  console.log('npm run bench -- [names] [--json]: all of them unless some are named\n')
  for (const [name, { measures }] of Object.entries(BENCHMARKS)) console.log(`  ${name.padEnd(10)} ${measures}`)
  console.log(SIZES)
  process.exit(0)
}
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name))
if (unknown.length)
  refuse(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHMARKS).join(', ')}`)

undoOnSignals()
try {
  for (const name of names.length ? names : Object.keys(BENCHMARKS)) {
    const report = await BENCHMARKS[name]?.run()
    if (!report) continue
    printReport(report)
    if (json) console.log(await writeReport(report, join(import.meta.dirname, 'results')))
  }
} finally {
  await undoAll()
}

function readArguments(): { help: boolean; json: boolean; names: string[] } {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
  } as const
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    return { ...values, names: positionals }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
