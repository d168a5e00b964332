import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../scripts/lib/paths.ts'
import { runProcess } from '../../scripts/lib/run-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onefold-total-'))
  await leave('test', '0', vitest(5, 0))
  await leave('check', '0', { passed: 3, failed: 0 })
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const vitest = (passed: number, failed: number, testResults: unknown[] = []) => ({
  ...{ numTotalTests: passed + failed, numPassedTests: passed, numFailedTests: failed, testResults },
})

async function leave(stage: string, status: string, report: unknown): Promise<void> {
  await writeFile(join(folder, `${stage}.status`), `${status}\n`)
  await writeFile(join(folder, `${stage}.json`), JSON.stringify(report))
}

async function print(): Promise<{ status: number; stdout: string }> {
  return await runProcess(process.execPath, [`${root}.ci/total.mjs`, folder, 'test', 'check'])
}

async function total(): Promise<{ status: number; lastLine: string | undefined }> {
  const { status, stdout } = await print()
  return { status, lastLine: stdout.trim().split('\n').at(-1) }
}

test('what the stages counted is added up', async () => {
  expect(await total()).toEqual({ status: 0, lastLine: '8 passed, 0 failed' })
})

test('a failure anywhere fails the run', async () => {
  await leave('check', '1', { passed: 2, failed: 1 })
  expect(await total()).toEqual({ status: 1, lastLine: '7 passed, 1 failed' })
})

test('a stage that died before it counted is one failure', async () => {
  await rm(join(folder, 'check.json'))
  await rm(join(folder, 'check.status'))
  expect(await total()).toEqual({ status: 1, lastLine: '5 passed, 1 failed' })
})

test('a stage that left half a report is one failure', async () => {
  await writeFile(join(folder, 'check.json'), '{"passed": 3')
  expect(await total()).toEqual({ status: 1, lastLine: '5 passed, 1 failed' })
})

test('a stage that failed without counting a failure is one failure', async () => {
  await leave('check', '1', { passed: 3, failed: 0 })
  expect(await total()).toEqual({ status: 1, lastLine: '8 passed, 1 failed' })
})

test('a test file that could not be loaded is one failure', async () => {
  await leave('test', '1', vitest(5, 0, [{ status: 'failed', assertionResults: [] }]))
  expect(await total()).toEqual({ status: 1, lastLine: '8 passed, 1 failed' })
})

test('what failed is repeated at the end, with its file and the beginning of why', async () => {
  const why = [
    'AssertionError: expected 2 to be 1',
    ...Array.from({ length: 500 }, (_, line) => `at line-${line}`),
  ].join('\n')
  const failed = { status: 'failed', fullName: 'one contact', failureMessages: [why] }
  await leave('test', '1', vitest(5, 1, [{ status: 'failed', name: 'a.test.ts', assertionResults: [failed] }]))
  const { stdout } = await print()
  expect(stdout).toContain('test FAILED: a.test.ts: one contact\n  AssertionError: expected 2 to be 1\n  at line-0\n')
  expect(stdout).not.toContain('line-20')
})

test('the ten slowest test files are named, before the closing line', async () => {
  const file = (seconds: number) => ({
    ...{ name: `tests/${seconds}.test.ts`, status: 'passed', assertionResults: [] },
    ...{ startTime: 1000, endTime: 1000 + seconds * 1000 },
  })
  await leave('test', '0', vitest(5, 0, [3, 11, 1, 9, 2, 8, 4, 7, 5, 6, 10].map(file)))
  const lines = (await print()).stdout.split('\n')
  const named = lines.filter((line) => line.includes('.test.ts'))
  expect(named[0]).toBe('  11.0  tests/11.test.ts')
  expect(named.map((line) => Number.parseFloat(line))).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
  expect((await total()).lastLine).toBe('8 passed, 0 failed')
})
