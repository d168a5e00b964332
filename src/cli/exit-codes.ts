/** What the `onefold` command exits with. Documented in docs/import.md and in `--help`. */
export const EXIT = {
  /** Everything went in. */
  done: 0,
  /** Everything else went in; some lines were rejected. */
  rejected: 1,
  /** The command, the environment or the file is wrong. Nothing was done. */
  usage: 2,
  /** The database stopped the run. What was done is kept, and the same command goes on from there. */
  stopped: 3,
  /** Somebody stopped the run (Ctrl-C, SIGTERM). The same command goes on. */
  interrupted: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command that cannot begin: its message is for a person, and the command exits with `EXIT.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const EXIT_HELP = `
Exit codes:
  0  everything went in
  1  some lines were rejected, the others went in
  2  the command, the environment or the file is wrong; nothing was done
  3  the database stopped the run; the same command goes on from there
  4  interrupted; the same command goes on from there
`
