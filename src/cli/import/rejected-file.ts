/** The lines that did not go in, each with its reason, so that they can be put right and imported. */
import { open, rm, stat, truncate } from 'node:fs/promises'

export interface RejectedLine {
  line: number
  error: { path: string; message: string }
  /** The record as it was; a text where the line is no JSON, null where it was not read. */
  record: unknown
}

export function rejectedPath(path: string): string {
  return `${path}.rejected.ndjson`
}

/**
 * Appends lines and returns the new length; without `bytes` before them a file that is there is replaced. The file may only
 * be read by its owner: it holds personal data.
 */
export async function writeRejected(path: string, bytes: number, lines: readonly RejectedLine[]): Promise<number> {
  if (lines.length === 0) return bytes
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const file = await open(rejectedPath(path), bytes === 0 ? 'w' : 'a', 0o600)
  try {
    await file.appendFile(text)
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

/**
 * Leaves at most the first `bytes` of the file, and no file where that is nothing; returns how many are left. What a run
 * wrote before it died is about to be written again.
 */
export async function cutRejected(path: string, bytes: number): Promise<number> {
  const name = rejectedPath(path)
  const size = await stat(name).then(
    (found) => found.size,
    () => 0,
  )
  const left = Math.min(size, bytes)
  if (left === 0) await rm(name, { force: true })
  else await truncate(name, left)
  return left
}
