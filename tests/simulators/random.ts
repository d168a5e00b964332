/** A small seeded generator (mulberry32): the same seed gives the same people, faults and order everywhere. */
export interface Random {
  /** 0 to 1, without 1. */
  next(): number
  /** A whole number of 0 to `limit`, without `limit`. */
  below(limit: number): number
  pick<T>(values: readonly [T, ...T[]]): T
  /** True in this part of all cases. */
  chance(part: number): boolean
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    chance: (part) => next() < part,
  }
}
