import ora from 'ora'
import { type Connection, connect } from './connection.ts'

/** What a command needs of the outside, so that a test can give its own. */
export interface Terminal {
  /** A result, to standard output. */
  out(text: string): void
  /** Anything said along the way, to standard error. */
  err(text: string): void
  /** Says how far it is: a line that changes on a terminal, now and then a line of its own elsewhere. */
  progress(text: string): void
  /** Takes the progress line away. */
  endProgress(): void
  connect(): Connection
  /** Aborted by Ctrl-C and SIGTERM. A second one ends the process at once. */
  interrupted: AbortSignal
}

/** Between two lines of progress where there is no terminal. */
const PROGRESS_MS = 5_000

export function processTerminal(): Terminal {
  // A terminal that does not know its width has none to redraw a line in: the spinner would clear lines without end.
  const isTty = process.stderr.isTTY && process.stderr.columns > 0
  const spinner = ora({ stream: process.stderr, discardStdin: false, isEnabled: isTty })
  const interruption = new AbortController()
  const stop = (): void => {
    if (interruption.signal.aborted) process.exit(130)
    interruption.abort(new Error('interrupted'))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)

  let last = performance.now()
  const err = (text: string): void => {
    if (isTty) spinner.clear()
    process.stderr.write(`${text}\n`)
  }
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err,
    progress(text) {
      if (isTty) {
        spinner.text = text
        if (!spinner.isSpinning) spinner.start()
      } else if (performance.now() - last >= PROGRESS_MS) {
        last = performance.now()
        err(text)
      }
    },
    endProgress: () => spinner.stop(),
    connect,
    interrupted: interruption.signal,
  }
}
