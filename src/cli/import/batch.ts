import type { Line } from './lines.ts'
import type { RejectedLine } from './rejected-file.ts'
import type { Format } from './target.ts'

/** At most this much of the file at once, whatever the lines are: what a call's body and this process should hold. */
export const MAX_BATCH_BYTES = 4_194_304

const LINE_PROBLEMS = {
  too_long: 'The line is longer than 1 MB',
  not_utf8: 'The line is not UTF-8',
}

interface Held<Entry> {
  line: number
  record: unknown
  entry: Entry
}

/** Lines that go to the database together, those that could not be read among them. */
export class Batch<Entry> {
  readonly entries: Held<Entry>[] = []
  readonly rejected: RejectedLine[] = []
  /** How many lines there are, and the last one's number and end. */
  records = 0
  line = 0
  offset = 0
  sanitized = 0
  readonly ignored: string[] = []
  /** What the database says became of the entries. */
  readonly counts: Record<string, number> = {}
  readonly #format: Format<Entry>
  readonly #maxLines: number
  #weight = 0
  #bytes = 0

  constructor(format: Format<Entry>, maxLines: number) {
    this.#format = format
    this.#maxLines = maxLines
  }

  /** Reads a line into the batch. False when it has no room: then it belongs to the next one. */
  add(line: Line): boolean {
    const bytes = 'text' in line ? line.text.length : 0
    if (this.records > 0 && (this.records >= this.#maxLines || this.#bytes + bytes > MAX_BATCH_BYTES)) return false
    if ('problem' in line) this.#reject(line, null, '$', LINE_PROBLEMS[line.problem])
    else if (!this.#read(line, line.text)) return false
    this.#bytes += bytes
    this.records += 1
    this.line = line.number
    this.offset = line.end
    return true
  }

  #read(line: Line, text: string): boolean {
    let record: unknown
    try {
      record = JSON.parse(text)
    } catch {
      this.#reject(line, text, '$', 'The line is not JSON')
      return true
    }
    const reading = this.#format.read(record)
    if (!reading.ok) {
      this.#reject(line, record, reading.path, reading.what)
      return true
    }
    const weight = this.#format.weigh(reading.entry)
    if (this.#weight > 0 && this.#weight + weight > this.#format.maxWeight) return false
    this.#weight += weight
    this.entries.push({ line: line.number, record, entry: reading.entry })
    if (reading.isSanitized) this.sanitized += 1
    this.ignored.push(...reading.ignored)
    return true
  }

  #reject(line: Line, record: unknown, path: string, message: string): void {
    this.rejected.push({ line: line.number, error: { path, message }, record })
  }
}
