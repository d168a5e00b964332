/** What the `onefold` command exits with. Documented in docs/cli.md and in `--help`. */
export const EXIT = {
  /** Everything went in, and nothing is wrong. */
  done: 0,
  /** Everything else went in; some items were rejected. */
  rejected: 1,
  /** The command, the environment or the file is wrong. Nothing was done. */
  usage: 2,
  /** The database or a provider stopped it. What was done is kept, and the same command goes on from there. */
  stopped: 3,
  /** Somebody stopped it (Ctrl-C, SIGTERM). The same command goes on. */
  interrupted: 4,
  /** Somebody else is at it already. */
  locked: 5,
  /** It may not go on before a certain time, and was told not to wait. */
  waiting: 6,
  /** Something is wrong that somebody should look at. */
  unhealthy: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Takes the exit code of the command that ran. */
export type Finish = (code: ExitCode) => void

/** A command that cannot begin: its message is for a person, and the command exits with `EXIT.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The part of a command's help that says what its exit codes mean. */
export function exitHelp(meanings: Partial<Record<keyof typeof EXIT, string>>): string {
  const lines = Object.entries(meanings).map(([name, meaning]) => {
    const code = Object.entries(EXIT).find(([known]) => known === name)?.[1]
    return `  ${code}  ${meaning}`
  })
  return `\nExit codes:\n${lines.join('\n')}\n`
}

export const EXIT_HELP = {
  program: exitHelp({
    done: 'everything went in; nothing is wrong',
    rejected: 'some items were rejected, the others went in',
    usage: 'the command, the environment or the file is wrong; nothing was done',
    stopped: 'the database or a provider stopped it; the same command goes on from there',
    interrupted: 'interrupted; the same command goes on from there',
    locked: 'somebody else is at it already',
    waiting: 'it may not go on yet, and was told not to wait',
    unhealthy: 'something is wrong that somebody should look at',
  }),
  import: exitHelp({
    done: 'everything went in',
    rejected: 'some lines were rejected, the others went in',
    usage: 'the command, the environment or the file is wrong; nothing was done',
    stopped: 'the database stopped the run; the same command goes on from there',
    interrupted: 'interrupted; the same command goes on from there',
  }),
  sync: exitHelp({
    done: 'everything is read and stored',
    rejected: 'everything is read; what could not be stored is a dead letter',
    usage: 'the command, the environment or a function secret is wrong; nothing was done',
    stopped: 'the provider refused, or something did not answer; what was stored stays',
    interrupted: 'interrupted; the run pauses, and the same command resumes it',
    locked: 'another run works on the account',
    waiting: 'the provider allows no requests yet, and --no-wait was given',
  }),
  status: exitHelp({
    done: 'all is well',
    usage: 'the command or the environment is wrong',
    stopped: 'the database did not answer',
    interrupted: 'interrupted before all was read',
    unhealthy: 'sync_health has a row that is not ok',
  }),
  locks: exitHelp({
    done: 'the locks were read, whatever they are',
    usage: 'the command or the environment is wrong',
    stopped: 'the database did not answer',
    interrupted: 'interrupted before all was read; what --cleanup asked for may be done',
  }),
}
