/**
 * Adds up the reports of the stages, repeats what failed with the first lines of why, since a log is often kept by its end
 * only, names the ten slowest test files, and prints one closing line, `N passed, N failed`. Exits with 1 when anything failed.
 * Usage: node total.mjs <folder> <stage>…; the folder holds <stage>.json (a Vitest report, or {passed, failed}) and
 * <stage>.status (its exit status). A stage that left no report, or failed without counting a failure, counts as one.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const [folder = '', ...stages] = process.argv.slice(2)

const linesOfAFailure = 20

const totals = stages.map((stage) => {
  const counts = readCounts(join(folder, `${stage}.json`))
  const hasEndedWell = readText(join(folder, `${stage}.status`)).trim() === '0'
  const isFailed = !counts || (!hasEndedWell && counts.failed === 0)
  const { passed, failed, failures } = counts ?? { passed: 0, failed: 0, failures: [] }
  return { stage, passed, failed: isFailed ? failed + 1 : failed, failures, note: counts ? '' : ' (no report)' }
})

console.log()
const slowest = stages.flatMap((stage) => readSlowest(join(folder, `${stage}.json`))).slice(0, 10)
if (slowest.length > 0) console.log(`The slowest test files, in seconds:\n${slowest.join('\n')}\n`)
for (const { stage, failures } of totals) for (const failure of failures) console.log(`${stage} FAILED: ${failure}\n`)
for (const { stage, passed, failed, note } of totals) console.log(`${stage}: ${passed} passed, ${failed} failed${note}`)
const sum = (key) => totals.reduce((total, counts) => total + counts[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 ? 1 : 0

/** @returns {{ passed: number, failed: number, failures: string[] } | undefined} */
function readCounts(file) {
  const text = readText(file)
  const report = parse(text)
  if (!report) return undefined
  if (!('numTotalTests' in report)) return { passed: report.passed, failed: report.failed, failures: [] }
  // A test file that could not be loaded has no test that failed.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  const failures = [
    ...broken.map(({ name, message }) => describe(name, message)),
    ...report.testResults.flatMap(failedTests),
  ]
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length, failures }
}

/** @returns {string[]} a line per test file of a Vitest report, the slowest first; empty for another report. */
function readSlowest(file) {
  const report = parse(readText(file))
  return (report?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .filter(({ seconds }) => seconds >= 0)
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(6)}  ${name}`)
}

function failedTests({ name, assertionResults }) {
  const failed = assertionResults.filter(({ status }) => status === 'failed')
  return failed.map(({ fullName, failureMessages }) =>
    describe(`${name}: ${fullName}`, (failureMessages ?? []).join('\n')),
  )
}

function describe(name, message) {
  const lines = stripVTControlCharacters(message ?? '').split('\n')
  return [name, ...lines.slice(0, linesOfAFailure).map((line) => `  ${line.slice(0, 300)}`)].join('\n')
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** A stage that was cut off while it wrote leaves half a report: that is none. */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
