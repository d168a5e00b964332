/** What a page of the list says of the pass over it: how far that reaches, whether it is settled, and whether it is over. */
import { type GraphCursor, timeOf } from './cursor.ts'

/** A pass goes back this far behind the watermark that it begins from: milliseconds. */
export const OVERLAP = 5 * 60_000

interface ListPage {
  /** When its conversations changed last, in their order, as far as they say. */
  told: readonly number[]
  /** Whether the list continues behind it. */
  hasRest: boolean
  /** Milliseconds since 1970. */
  askedAt: number
}

/** What of the cursor a page is seen against. */
type ListPlace = Pick<GraphCursor, 'pass' | 'after' | 'since' | 'high_watermark' | 'is_settled'>

interface PassState extends Pick<GraphCursor, 'high_watermark' | 'is_settled'> {
  /** True when nothing of what follows is wanted. */
  isOver: boolean
}

/** `cursor` is the place at which the page was asked for. */
export function readListPage(cursor: ListPlace, { told, hasRest, askedAt }: ListPage): PassState {
  const { pass, after } = cursor
  const since = cursor.since === null ? null : timeOf(cursor.since)
  /** The watermark from which the pass goes back. */
  const reached = since === null ? null : since + OVERLAP
  // What is ahead of the clock says nothing of when the others changed.
  const times = told.filter((time) => time <= askedAt)
  const newest = times.length > 0 ? Math.max(...times) : told.length > 0 ? askedAt : null
  const head = cursor.high_watermark === null ? newest : timeOf(cursor.high_watermark)

  /** Nothing has changed since the watermark; what still changes in its very second is in the overlap of the run that finds more. */
  const isQuiet = times.length > 0 && head !== null && reached !== null && head <= reached
  /** A rescan looks at its overlap only to be sure. */
  const lookedFor = pass === 'rescan' ? reached : since
  const isMore = (time: number) => (isQuiet ? time > reached : lookedFor === null || time >= lookedFor)
  const last = times.at(-1)
  const endsHere = !hasRest || (last !== undefined && !isMore(last))
  const is_settled = after === null ? isQuiet || endsHere : cursor.is_settled && !times.some(isMore)

  // A single row out of order does not end the pass.
  const older = times.filter((time) => since !== null && time < since).length
  const isPast = older > 0 && older === times.length
  const isOver = isPast || (pass === 'walk' && after === null && isQuiet && older > 1)
  return { high_watermark: head === null ? null : new Date(head).toISOString(), is_settled, isOver }
}
