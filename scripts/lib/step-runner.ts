import { textTable } from './text-table.ts'

/** One step of a check. `run` returns what is wrong, empty when nothing is; throwing counts as one problem. */
export interface Step {
  name: string
  run: () => Promise<readonly string[]>
}

export interface StepResult {
  name: string
  problems: readonly string[]
  seconds: number
}

/** Runs the steps one after the other, says so on the terminal, and returns what became of each. */
export async function runSteps(steps: readonly Step[]): Promise<StepResult[]> {
  const results: StepResult[] = []
  for (const { name, run } of steps) {
    const started = performance.now()
    const problems = await run().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    const seconds = (performance.now() - started) / 1000
    console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
    results.push({ name, problems, seconds })
  }
  return results
}

/** Returns the output of the steps that failed, then a table of all of them, for a terminal. */
export function describeResults(results: readonly StepResult[]): string {
  const failures = results
    .filter(({ problems }) => problems.length > 0)
    .map(({ name, problems }) => `${name}:\n${problems.join('\n').replaceAll(/^/gm, '  ')}\n`)
  const rows = results.map(({ name, problems, seconds }) => [
    name,
    problems.length === 0 ? 'ok' : 'FAILED',
    seconds.toFixed(1),
  ])
  return [...failures, textTable(['step', 'result', 'seconds'], rows)].join('\n')
}

/** Returns the numbers that a report file holds: steps that passed, steps that failed. */
export function countResults(results: readonly StepResult[]): { passed: number; failed: number } {
  const failed = results.filter(({ problems }) => problems.length > 0).length
  return { passed: results.length - failed, failed }
}
