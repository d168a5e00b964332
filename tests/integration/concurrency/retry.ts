import pg from 'pg'

/** What the database rolls back because of a concurrent call: the caller makes the same call again. */
const ROLLED_BACK = new Set(['40P01', '40001'])

/** Counts how often calls had to be repeated. */
export interface Repeats {
  count: number
  /** The most repeats any one call needed. */
  most: number
}

/** Makes the call, and again up to `limit` times where the database rolled it back for a concurrent one, as the client does. */
export async function retried<T>(call: () => Promise<T>, repeats: Repeats, limit = 9): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const result = await call()
      repeats.most = Math.max(repeats.most, attempt)
      return result
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || !ROLLED_BACK.has(error.code ?? '') || attempt === limit) throw error
      repeats.count += 1
    }
  }
}

/** Runs the jobs over `workers` lanes at once, each lane taking the next job when it is done with one. */
export async function inLanes<Job>(
  jobs: readonly Job[],
  workers: number,
  work: (job: Job, lane: number) => Promise<unknown>,
): Promise<void> {
  const queue = [...jobs]
  const lane = async (number: number) => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job, number)
  }
  await Promise.all(Array.from({ length: workers }, (_, number) => lane(number)))
}

/** The list in another order, the same for the same random numbers. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value)
}

/** Numbers in [0, 1) that look random and are the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}
