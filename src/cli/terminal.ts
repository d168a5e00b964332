import { type Clock, systemClock } from '../lib/clock.ts'
import { changingLine, nowAndThen, type Part } from '../lib/progress-line.ts'
import { type Connection, connect } from './connection.ts'
import { interruption } from './interruption.ts'

/** What a command needs of the outside, so that a test can give its own. */
export interface Terminal {
  /** A result, to standard output. */
  out(text: string): void
  /** Anything said along the way, to standard error. */
  err(text: string): void
  /** Says how far it is: a line that changes on a terminal (a bar, given the part that is done), now and then a line of its own elsewhere. */
  progress(text: string, part?: Part): void
  /** Takes the progress line away. */
  endProgress(): void
  connect(): Connection
  clock: Clock
  /** Aborted by Ctrl-C and SIGTERM. A later second one ends the process at once. */
  interrupted: AbortSignal
}

export function processTerminal(): Terminal {
  const write = (text: string): void => {
    process.stderr.write(`${text}\n`)
  }
  // A terminal that does not know its width has none to redraw a line in: the spinner would clear lines without end.
  const isTty = process.stderr.isTTY && process.stderr.columns > 0
  const line = isTty ? changingLine(process.stderr) : nowAndThen(write)
  const { signal, stop } = interruption(
    () => performance.now(),
    () => {
      line.stop()
      process.exit(130)
    },
  )
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err(text) {
      line.clear()
      write(text)
    },
    progress: line.show,
    endProgress: line.stop,
    connect: () => connect(signal),
    clock: systemClock,
    interrupted: signal,
  }
}
