/** Prints what a check found, or `fine` when it found nothing, and makes the process exit with 1 when there is a problem. */
export function reportProblems(problems: readonly string[], fine: string): void {
  for (const problem of problems) console.error(problem)
  if (problems.length === 0) console.log(fine)
  else process.exitCode = 1
}
