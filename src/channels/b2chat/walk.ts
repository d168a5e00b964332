/** An export's way through its days: which page is next, what an answer adds, and where the next run resumes. Pure. */
import type { RejectedItem } from '../../contract/inbound.ts'
import type { ExportCursor } from './cursor.ts'
import { addDays, type DayWindow, dayIn, dayWindows } from './day-windows.ts'
import type { B2ChatError } from './errors.ts'
import type { B2ChatEntity, RawRecord, ReadAnswer } from './schema.ts'
import { WindowReading, type WindowResult } from './window-reading.ts'

export interface WalkOptions {
  /** The first day, `YYYY-MM-DD`. No run reads before it. */
  from: string
  /** Where an earlier run stopped, or the `cursor` of the last page that was stored. */
  cursor?: ExportCursor | undefined
  /** The account's time zone, an IANA name: it decides which days are over. UTC when left out. */
  timeZone?: string
  /** Reads today too (the default). Today is read once, without the checks of closed days, and again by the next run. */
  includeToday?: boolean
  /** How many days before today the next run starts again; see `REREAD_DAYS`. */
  rereadDays?: number
}

/** One answer of B2Chat. */
export interface ExportPage {
  entity: B2ChatEntity
  /** The day whose window was read. */
  window: string
  /** How many positions of the window were read before. */
  offset: number
  /** How many records the window has, where B2Chat said so. */
  total: number | null
  /** Raw records as delivered; may be empty. */
  records: RawRecord[]
  /** Elements without a usable id, each with its path in the answer. */
  rejected: RejectedItem[]
  /** Where to resume once this page is stored. */
  cursor: ExportCursor
  /** Whether the export is read to its end. */
  isLast: boolean
}

/** A closed day of which rows may be missing: it was not the same when it had been read as often as allowed. */
export interface UnsettledWindow extends WindowResult {
  window: string
}

export interface ExportSummary {
  /** False when the time was over first. */
  done: boolean
  /** Where the next run starts; when done, so many days back that late changes are seen. */
  cursor: ExportCursor
  pages: number
  records: number
  rejected: number
  unsettled: UnsettledWindow[]
  /** The last failure, where the time was over before it could be repeated. */
  failure?: B2ChatError
}

/**
 * How far a finished run's cursor lies back. One day covers a provider whose day ends later than the account's. A chat
 * stays in the window of its date while messages are still added to it, for a week and more; a chat that lasts
 * longer than this is not seen to change.
 */
export const REREAD_DAYS: Readonly<Record<B2ChatEntity, number>> = { contacts: 1, chats: 14 }

/** How often a closed day is read while its rows move. */
export const MAX_READINGS = 3

export class ExportWalk {
  readonly #entity: B2ChatEntity
  readonly #windows: readonly DayWindow[]
  readonly #next: string
  readonly #counts = { pages: 0, records: 0, rejected: 0 }
  readonly #unsettled: UnsettledWindow[] = []
  #index = 0
  #reading: WindowReading
  #readings: number
  #previous: WindowResult | undefined
  #cursor: ExportCursor

  /** Throws a RangeError for a cursor of the other export or a time zone that does not exist. */
  constructor(entity: B2ChatEntity, options: WalkOptions, now: number) {
    const { from, includeToday = true } = options
    const given = options.cursor
    if (given && given.entity !== entity) throw new RangeError(`a cursor of ${given.entity} does not fit ${entity}`)
    const cursor: ExportCursor = given && given.window >= from ? given : { entity, window: from, offset: 0 }
    const today = dayIn(options.timeZone ?? 'UTC', now)
    const reread = addDays(today, -(options.rereadDays ?? REREAD_DAYS[entity]))
    this.#entity = entity
    this.#next = reread > from ? reread : from
    this.#windows = [...dayWindows(cursor.window, today, includeToday)]
    this.#reading = new WindowReading(cursor)
    this.#readings = cursor.reading ?? 1
    this.#cursor = this.#windows.length > 0 ? cursor : this.#end
  }

  /** What to ask for next; undefined when there is nothing left. */
  next(): { window: DayWindow; reading: WindowReading } | undefined {
    const window = this.#windows[this.#index]
    return window && { window, reading: this.#reading }
  }

  /** Takes the answer to what `next` said. */
  take(answer: ReadAnswer): ExportPage {
    const window = this.#windows[this.#index]
    if (!window) throw new RangeError('the export is over')
    const { offset } = this.#reading.progress
    const { elements, isLast } = this.#reading.take(answer)
    if (isLast) this.#finishReading(window)
    else this.#cursor = this.#at(window.day, { ...this.#reading.progress, reading: this.#readings })

    const records = elements.flatMap((element) => (element.id === null ? [] : [element.record]))
    const rejected = elements.flatMap((element) => (element.id === null ? [element.rejected] : []))
    this.#counts.pages += 1
    this.#counts.records += records.length
    this.#counts.rejected += rejected.length
    const { total } = answer
    return {
      entity: this.#entity,
      window: window.day,
      offset,
      total,
      records,
      rejected,
      cursor: this.#cursor,
      isLast: this.#index >= this.#windows.length,
    }
  }

  get summary(): ExportSummary {
    const done = this.#index >= this.#windows.length
    return { done, cursor: this.#cursor, ...this.#counts, unsettled: [...this.#unsettled] }
  }

  #finishReading(window: DayWindow): void {
    const reading = this.#reading
    const { result } = reading
    // An unmoved window that answers the same twice has nothing more to say, whatever it counts.
    const isSameAgain =
      !reading.hasMoved && this.#previous?.seen === result.seen && this.#previous.total === result.total
    this.#reading = new WindowReading()
    if (reading.isUncertain && !window.isOpen && !isSameAgain && this.#readings < MAX_READINGS) {
      this.#readings += 1
      this.#previous = result
      this.#cursor = this.#at(window.day, { offset: 0, reading: this.#readings })
      return
    }
    if (reading.isUncertain && !window.isOpen) this.#unsettled.push({ window: window.day, ...result })
    this.#readings = 1
    this.#previous = undefined
    this.#index += 1
    const following = this.#windows[this.#index]
    this.#cursor = following ? this.#at(following.day, { offset: 0 }) : this.#end
  }

  #at(window: string, progress: Omit<ExportCursor, 'entity' | 'window'>): ExportCursor {
    return { entity: this.#entity, window, ...progress }
  }

  get #end(): ExportCursor {
    return this.#at(this.#next, { offset: 0 })
  }
}
