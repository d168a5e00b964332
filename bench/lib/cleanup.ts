/** What has to be undone however the process ends, short of being killed outright. */
const pending = new Set<() => Promise<void>>()

/** Registers the undoing and returns a function that does it once, now or at the end. */
export function undoLater(undo: () => Promise<void>): () => Promise<void> {
  let undone: Promise<void> | undefined
  const once = (): Promise<void> => {
    undone ??= undo().finally(() => pending.delete(once))
    return undone
  }
  pending.add(once)
  return once
}

let all: Promise<void> | undefined

/** Undoes everything that is left, the newest first; when that has begun, waits for it. */
export function undoAll(): Promise<void> {
  all ??= [...pending].reduceRight((before, undo) => before.then(undo), Promise.resolve())
  return all
}

export function undoOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void undoAll().finally(() => process.exit(1)))
  }
}
