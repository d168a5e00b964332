import Table from 'cli-table3'

export type Cell = string | number | boolean | null

/** A table for a person: its title, and the rows, or as many of them as `most` says and how many more there are. */
export function tableText(title: string, head: string[], rows: readonly (readonly Cell[])[], most = 30): string {
  if (rows.length === 0) return `${title}: none`
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const row of rows.slice(0, most)) drawn.push(row.map((cell) => (cell === null ? '' : printable(String(cell)))))
  const more = rows.length > most ? `\n… and ${rows.length - most} more (--json has them)` : ''
  return `${title}\n${drawn.toString()}${more}`
}

/** Names and errors come from elsewhere: nothing in them may steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}

/** `2026-08-01T10:20:30.123+00:00` as `2026-08-01 10:20:30` (UTC). */
export function timeText(time: string | number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}

/** Milliseconds as `1 h 02 min`, `2 min 03 s` or `4 s`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  if (hours > 0) return `${hours} h ${two(minutes)} min`
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`
}
