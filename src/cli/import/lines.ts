/** Reads a file line by line in constant memory, and says where each line ends, so that a run can go on there. */
import { createReadStream } from 'node:fs'

/** Longer lines are not read: no contact and no message comes near it. */
export const MAX_LINE_BYTES = 1_048_576

/** A line that is not blank. `end` is the byte offset after it, its newline included. */
export type Line = { number: number; end: number } & ({ text: string } | { problem: 'too_long' | 'not_utf8' })

export interface LinesOptions {
  /** Where to begin: the byte offset after `line` lines. */
  offset?: number
  line?: number
  maxBytes?: number
  /** How much is read at a time. */
  chunkBytes?: number
}

const NEWLINE = 0x0a

/**
 * The lines of a file, blank ones left out, a byte order mark too. A line ends with LF or CRLF, the last one perhaps with
 * nothing. What is longer than `maxBytes` is passed over unread. Throws what the file system throws.
 */
export async function* readLines(path: string, options: LinesOptions = {}): AsyncGenerator<Line> {
  const { offset = 0, line = 0, maxBytes = MAX_LINE_BYTES, chunkBytes = 65_536 } = options
  let number = line
  let position = offset
  const decoder = new TextDecoder('utf-8', { fatal: true })
  /** What has been read of the line so far, and how long it is. */
  let parts: Buffer[] = []
  let length = 0

  const take = (): Line | undefined => {
    number += 1
    const [held, size] = [parts, length]
    parts = []
    length = 0
    const place = { number, end: position }
    if (size > maxBytes) return { ...place, problem: 'too_long' }
    const text = decode(decoder, held.length === 1 && held[0] ? held[0] : Buffer.concat(held, size))
    if (text === undefined) return { ...place, problem: 'not_utf8' }
    return text.trim() === '' ? undefined : { ...place, text }
  }
  const keep = (part: Buffer): void => {
    length += part.length
    position += part.length
    if (length > maxBytes) parts = []
    else if (part.length > 0) parts.push(part)
  }

  for await (const read of createReadStream(path, { start: offset, highWaterMark: chunkBytes })) {
    const chunk: Buffer = Buffer.isBuffer(read) ? read : Buffer.from(read)
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end))
      position += 1
      start = end + 1
      const found = take()
      if (found) yield found
    }
    keep(chunk.subarray(start))
  }
  if (length > 0) {
    const found = take()
    if (found) yield found
  }
}

/** The bytes as text without a byte order mark; undefined when they are not UTF-8. */
function decode(decoder: TextDecoder, bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
