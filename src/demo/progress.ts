import { changingLine, type TerminalStream } from '../lib/progress-line.ts'
import type { SyncDemoEvents } from './sync.ts'

export interface DemoProgress extends SyncDemoEvents {
  stop(): void
}

/** Says how far the demo's sync is: by a bar on a terminal, otherwise by a line for every quarter. */
export function demoProgress(stream: TerminalStream, isTerminal: boolean): DemoProgress {
  const write = (text: string): void => {
    stream.write(`${text}\n`)
  }
  if (isTerminal) {
    const bar = changingLine(stream)
    return {
      onProgress: (items, total) => bar.show(`${items} conversations`, { done: items, total }),
      onEvent(text) {
        bar.clear()
        write(`  ${text}`)
      },
      stop: () => bar.stop(),
    }
  }
  let quarters = -1
  return {
    onProgress(items, total) {
      const reached = Math.floor((4 * items) / total)
      if (reached <= quarters) return
      quarters = reached
      write(`- Syncing a simulated Messenger page: ${items} of about ${total} conversations`)
    },
    onEvent: (text) => write(`- ${text}`),
    stop() {},
  }
}
