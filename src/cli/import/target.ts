import type { Problem, Reading } from './reading.ts'

/** What became of some entries: what is wrong with those that did not go in, by their place, and counts of the others. */
export interface Sent {
  problems: Map<number, Problem>
  counts: Record<string, number>
}

/** How records of one kind are read. */
export interface Format<Entry> {
  read(record: unknown): Reading<Entry>
  /** How much of a batch's `maxWeight` an entry takes. */
  weigh(entry: Entry): number
  maxWeight: number
}

/** Where the entries go. */
export interface Target<Entry> {
  /** Which database, workspace and options: a run may only be resumed into the same. */
  key: string
  /** Writes the entries; each call of the database is a transaction, and repeating it changes nothing. Throws `RpcError`. */
  send(entries: readonly Entry[]): Promise<Sent>
}

/** The sum of counts by name. */
export function addCounts(to: Record<string, number>, more: Record<string, number>): void {
  for (const [name, count] of Object.entries(more)) to[name] = (to[name] ?? 0) + count
}
