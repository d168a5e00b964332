import { createRandom } from './random.ts'

/** One of the faults for this part of all requests, never more than `mostInARow` together; the same for the same seed. */
export function faultsByChance<Fault>(
  seed: number,
  part: number,
  faults: readonly [Fault, ...Fault[]],
  mostInARow = 3,
): () => Fault | undefined {
  const random = createRandom(seed)
  let row = 0
  return () => {
    const isFault = row < mostInARow && random.chance(part)
    row = isFault ? row + 1 : 0
    return isFault ? random.pick(faults) : undefined
  }
}
