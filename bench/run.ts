/**
 * `npm run bench`: measures what the project promises about speed and memory, each figure beside a baseline in the same run.
 * Names choose benchmarks; `--json` also prints the results as JSON and keeps them in bench/results/.
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

const BENCHMARKS: Record<string, () => Promise<Report>> = {
  single,
  page,
  large,
  contacts,
  phone,
  reconcile,
  locks,
  http,
  sync,
  start,
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
})
const names = positionals.length ? positionals : Object.keys(BENCHMARKS)
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name))
if (unknown.length) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(2)
}

undoOnSignals()
try {
  for (const name of names) {
    const report = await BENCHMARKS[name]?.()
    if (!report) continue
    printReport(report)
    if (flags.json) console.log(await writeReport(report, join(import.meta.dirname, 'results')))
  }
} finally {
  await undoAll()
}
