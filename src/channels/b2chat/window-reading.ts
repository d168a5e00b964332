/**
 * One reading of one day's window, page by page, and whether rows moved meanwhile. Offsets are positions in a list that
 * lives: a row that leaves the list pulls all later ones forward, and the next page would skip one. So each page after the
 * first starts with the last record of the page before: where that record is not where it was, rows moved.
 */
import type { ExportCursor } from './cursor.ts'
import { MAX_LIMIT } from './page-size.ts'
import type { ReadAnswer, ReadElement } from './schema.ts'

export interface WindowResult {
  /** How many positions were read, and how many the last answer said there are. */
  seen: number
  total: number | null
}

export class WindowReading {
  #offset: number
  #lastId: string | undefined
  #total: number | null
  #moved: boolean

  constructor(start: Pick<ExportCursor, 'offset' | 'lastId' | 'total' | 'moved'> = { offset: 0 }) {
    this.#offset = start.offset
    this.#lastId = start.offset > 0 ? start.lastId : undefined
    this.#total = start.total ?? null
    this.#moved = start.moved ?? false
  }

  /** The next page of up to `size` new records. */
  request(size: number): { offset: number; limit: number } {
    if (this.#lastId === undefined) return { offset: this.#offset, limit: size }
    return { offset: this.#offset - 1, limit: Math.min(size + 1, MAX_LIMIT) }
  }

  /** Takes the answer to the last `request`. Returns what is new in it, and whether the window's end is reached. */
  take(answer: ReadAnswer): { elements: ReadElement[]; isLast: boolean } {
    const { total } = answer
    const before = this.#lastId
    // Where the record before has no id to compare with, any other total counts as moved; otherwise more rows may well
    // have come at the end.
    const isTold = before !== undefined || this.#offset === 0
    if (total !== null && this.#total !== null && (isTold ? total < this.#total : total !== this.#total))
      this.#moved = true
    this.#total = total ?? this.#total

    const isAligned = before === undefined || answer.elements[0]?.id === before
    if (!isAligned) this.#moved = true
    const elements = before !== undefined && isAligned ? answer.elements.slice(1) : answer.elements
    this.#offset += before === undefined || isAligned ? elements.length : elements.length - 1
    this.#lastId = elements.at(-1)?.id ?? (elements.length === 0 ? before : undefined)

    // Without a total only an answer with nothing new tells the end. The same last record again is nothing new either:
    // that is a list which ignores the offset, and it would have no end.
    const isStuck = before !== undefined && !isAligned && this.#lastId === before
    const isLast = elements.length === 0 || isStuck || (this.#total !== null && this.#offset >= this.#total)
    return { elements, isLast }
  }

  /** What a cursor says of this reading, after the pages taken so far. */
  get progress(): Pick<ExportCursor, 'offset' | 'lastId' | 'total' | 'moved'> {
    return {
      offset: this.#offset,
      ...(this.#lastId === undefined ? {} : { lastId: this.#lastId }),
      ...(this.#total === null ? {} : { total: this.#total }),
      ...(this.#moved ? { moved: true } : {}),
    }
  }

  /** True when rows were seen to be elsewhere than a moment before. */
  get hasMoved(): boolean {
    return this.#moved
  }

  /** True when rows may have been missed: some moved, or fewer or more were read than the answers count. */
  get isUncertain(): boolean {
    return this.#moved || (this.#total !== null && this.#offset !== this.#total)
  }

  get result(): WindowResult {
    return { seen: this.#offset, total: this.#total }
  }
}
