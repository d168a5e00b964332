/** A number of 32 bits from three: messages are made from it when they are asked for, so that none is held in memory. */
export function hash(seed: number, a: number, b: number): number {
  let mixed = Math.imul(seed ^ Math.imul(a, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** 0 to 1, without 1. */
export function partOf(hashed: number): number {
  return hashed / 2 ** 32
}
