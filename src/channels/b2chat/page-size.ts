/** How many records a page asks for: fewer after each failure that a smaller page may avoid, more again after a calm while. */

/** B2Chat answers at most 1,000 records a request. */
export const MAX_LIMIT = 1000

const LADDER = [MAX_LIMIT, 500, 200, 100, 50, 20, 10, 5, 1] as const

/** Pages in a row that must succeed before a larger one is tried. */
const CALM_PAGES = 10

export class PageSize {
  readonly #steps: readonly number[]
  #step = 0
  #calm = 0

  /** Starts with `largest` records and never asks for more. Throws a RangeError unless it is an integer of 1 to 1,000. */
  constructor(largest: number) {
    if (!Number.isInteger(largest) || largest < 1 || largest > MAX_LIMIT) {
      throw new RangeError(`a page has 1 to ${MAX_LIMIT} records`)
    }
    this.#steps = [largest, ...LADDER.filter((size) => size < largest)]
  }

  get current(): number {
    return this.#steps[this.#step] ?? 1
  }

  shrink(): void {
    this.#calm = 0
    this.#step = Math.min(this.#step + 1, this.#steps.length - 1)
  }

  succeeded(): void {
    this.#calm += 1
    if (this.#calm < CALM_PAGES || this.#step === 0) return
    this.#calm = 0
    this.#step -= 1
  }
}
