/** npm hands a Ctrl-C on that the terminal has sent to the whole group already: within this time two are one. */
const SAME_MS = 500

export interface Interruption {
  /** Aborted by the first `stop`. */
  signal: AbortSignal
  stop(): void
}

/** Whether this error says that somebody has asked to stop. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error === signal.reason
}

/** What Ctrl-C and SIGTERM do: the first asks to stop, a second one, by this clock not the same one again, ends at once. */
export function interruption(now: () => number, end: () => void): Interruption {
  const controller = new AbortController()
  let first: number | undefined
  return {
    signal: controller.signal,
    stop() {
      if (first === undefined) {
        first = now()
        controller.abort(new Error('interrupted'))
      } else if (now() - first >= SAME_MS) end()
    },
  }
}
