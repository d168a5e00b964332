/** What a person sees while the demo runs: a line that changes on a terminal, and a line for each step anywhere. */
import { styleText } from 'node:util'
import { changingLine, type TerminalStream } from '../lib/progress-line.ts'
import type { SyncDemoEvents } from './sync.ts'

export interface DemoProgress extends SyncDemoEvents {
  /** Says what is under way, where a line can change. */
  begin(text: string): void
  done(text: string): void
  failed(text: string): void
  /** Takes the changing line away. */
  stop(): void
}

/** A terminal of known width that understands control codes: without a width the spinner would draw for ever. */
export function isTerminal(stream: TerminalStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (stream.columns ?? 0) > 0 && env.TERM !== 'dumb'
}

export function demoProgress(stream: TerminalStream, env: NodeJS.ProcessEnv): DemoProgress {
  const write = (text: string): void => {
    stream.write(`${text}\n`)
  }
  return isTerminal(stream, env) ? onTerminal(stream, env, write) : inLines(write)
}

function onTerminal(stream: TerminalStream, env: NodeJS.ProcessEnv, write: (text: string) => void): DemoProgress {
  const line = changingLine(stream)
  const mark = (color: 'green' | 'red', symbol: string): string =>
    env.NO_COLOR ? symbol : styleText(color, symbol, { validateStream: false })
  const ended = (symbol: string, text: string): void => {
    line.stop()
    write(`${symbol} ${text}`)
  }
  return {
    begin: (text) => line.show(text),
    done: (text) => ended(mark('green', '✔'), text),
    failed: (text) => ended(mark('red', '✖'), text),
    onProgress: (items, total) => line.show(`${items} conversations`, { done: items, total }),
    onEvent(text) {
      line.clear()
      write(`  ${text}`)
    },
    stop: () => line.stop(),
  }
}

/** Without control codes. How far the sync is takes a line for every quarter. */
function inLines(write: (text: string) => void): DemoProgress {
  let quarters = 0
  return {
    begin() {},
    done: (text) => write(`✔ ${text}`),
    failed: (text) => write(`✖ ${text}`),
    onProgress(items, total) {
      const reached = Math.floor((4 * items) / total)
      if (reached <= quarters) return
      quarters = reached
      write(`  Synced ${items} of about ${total} conversations`)
    },
    onEvent: (text) => write(`  ${text}`),
    stop() {},
  }
}
