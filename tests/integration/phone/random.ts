/** Numbers that look random and are the same for the same seed. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1) || 1
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return (this.state >>> 0) % below
  }

  /** True this often: `chance(0.1)` once in ten times. */
  chance(share: number): boolean {
    return this.int(10_000) < share * 10_000
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.int(values.length)]
    if (value === undefined) throw new RangeError('There is nothing to pick from.')
    return value
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => this.int(10)).join('')
  }
}
