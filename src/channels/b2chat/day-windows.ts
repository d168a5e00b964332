/**
 * The days an export is walked by. B2Chat filters by dates only, and its offsets shift while rows arrive, so an export is
 * read one day after the other, oldest first: a day that is over changes rarely.
 */
import { z } from 'zod'

/** A calendar day, `YYYY-MM-DD`. */
export const Day = z.iso.date()

export interface DayWindow {
  /** The window's name, and the first date asked for. */
  day: string
  /**
   * The last date asked for: the day after. The chats export wants `from` before `to`, and nothing says whether rows of
   * the last date are in; asking for one date more leaves no gap either way, and a row read twice changes nothing.
   */
  to: string
  /** True for today: rows still arrive, so this window is read again by the next run. */
  isOpen: boolean
}

/** The calendar day in a time zone (IANA name) at a time. Throws a RangeError for a zone that does not exist. */
export function dayIn(timeZone: string, at: number): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return `${parts.get('year')?.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`
}

/** The day so many days later, or earlier when negative. Calendar days: no time zone changes how many there are. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${Day.parse(day)}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** The windows from a day to yesterday, ascending, and today's open one where asked for. None when `from` is later. */
export function* dayWindows(from: string, today: string, includeToday: boolean): Generator<DayWindow, void> {
  for (let day = Day.parse(from); day < today || (includeToday && day === today); day = addDays(day, 1)) {
    yield { day, to: addDays(day, 1), isOpen: day === today }
  }
}
