import { SingleBar } from 'cli-progress'
import ora from 'ora'

/** How much of something is done. */
export interface Part {
  done: number
  total: number
}

/** The one line that says how far a command is. */
export interface ProgressLine {
  /** Shows this: as a bar where the part is known. */
  show(text: string, part?: Part): void
  /** Makes room for a line of text. */
  clear(): void
  /** Takes the line away. */
  stop(): void
}

export interface TerminalStream extends NodeJS.WritableStream {
  isTTY?: boolean
  columns?: number
}

/** A line that changes in its place, on a terminal: a bar, or a spinner where nobody knows how much there is. */
export function changingLine(stream: TerminalStream): ProgressLine {
  const spinner = ora({ stream, discardStdin: false, isEnabled: true, color: process.env.NO_COLOR ? false : 'cyan' })
  let bar: { drawn: SingleBar; total: number } | undefined

  const stopBar = (): void => {
    bar?.drawn.stop()
    bar = undefined
  }
  return {
    show(text, part) {
      if (!part) {
        stopBar()
        spinner.text = text
        if (!spinner.isSpinning) spinner.start()
        return
      }
      spinner.stop()
      // An estimate may turn out too small.
      const total = Math.max(part.total, part.done)
      if (bar?.total !== total) stopBar()
      if (bar) {
        bar.drawn.update(part.done, { text })
        return
      }
      bar = { drawn: newBar(stream), total }
      bar.drawn.start(total, part.done, { text })
    },
    clear() {
      // The next progress draws it anew, below.
      stopBar()
      if (spinner.isSpinning) spinner.clear()
    },
    stop() {
      stopBar()
      spinner.stop()
    },
  }
}

function newBar(stream: TerminalStream): SingleBar {
  return new SingleBar({
    stream,
    format: '{bar} {percentage} % of {total}: {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    clearOnComplete: true,
    emptyOnZero: true,
    gracefulExit: false,
  })
}

/** Between two lines of progress where there is no terminal. */
const PROGRESS_MS = 5_000

/** A line of its own now and then, where there is no terminal. */
export function nowAndThen(write: (line: string) => void, now: () => number = () => performance.now()): ProgressLine {
  let last = now()
  return {
    show(text) {
      if (now() - last < PROGRESS_MS) return
      last = now()
      write(text)
    },
    clear() {},
    stop() {},
  }
}
