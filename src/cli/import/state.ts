/** Where an import is in its file, kept beside the file so that the same command goes on there. */
import { createHash } from 'node:crypto'
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'

/** How much of the file's beginning tells it from another of the same size and time. */
const HEAD_BYTES = 65_536

const count = z.number().int().nonnegative()
const counts = z.record(z.string(), count)

const progress = z.object({
  /** The byte after the last line whose batch is in the database. */
  offset: count,
  /** How many lines that are, blank ones included. */
  line: count,
  records: count,
  rejected: count,
  /** How long the file of rejected lines is up to here. */
  rejectedBytes: count,
  sanitized: count,
  counts,
  ignored: counts,
})

/** What is done, up to the last batch that is in the database. */
export type Progress = z.infer<typeof progress>

export function noProgress(): Progress {
  return { offset: 0, line: 0, records: 0, rejected: 0, rejectedBytes: 0, sanitized: 0, counts: {}, ignored: {} }
}

const fingerprint = z.object({ size: count, mtimeMs: z.number(), head: z.string() })
/** What tells that a file is still the same one. */
export type Fingerprint = z.infer<typeof fingerprint>

const savedState = z.object({ version: z.literal(1), target: z.string(), file: fingerprint, progress })

export function statePath(path: string): string {
  return `${path}.onefold-state.json`
}

/** Size, time and a hash of the first 64 kB. Throws what the file system throws. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  const file = await open(path)
  try {
    const { size, mtimeMs } = await file.stat()
    const head = Buffer.alloc(Math.min(HEAD_BYTES, size))
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return { size, mtimeMs, head: createHash('sha256').update(head.subarray(0, bytesRead)).digest('hex') }
  } finally {
    await file.close()
  }
}

export type Found =
  | { progress: Progress }
  /** There is nothing to go on from; `reason` says why what there is does not count, where there is something. */
  | { progress: null; reason: string | null }

/** The progress of an earlier run over this very file into this very target. */
export async function loadProgress(path: string, file: Fingerprint, target: string): Promise<Found> {
  const text = await readFile(statePath(path), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return { progress: null, reason: null }
  const state = parseState(text)
  if (!state) return { progress: null, reason: 'the state file cannot be read' }
  const known = state.file
  if (known.size !== file.size || known.mtimeMs !== file.mtimeMs || known.head !== file.head) {
    return { progress: null, reason: 'the file has changed' }
  }
  if (state.target !== target) return { progress: null, reason: 'it was going elsewhere, or with other options' }
  return { progress: state.progress }
}

function parseState(text: string): z.infer<typeof savedState> | null {
  try {
    return savedState.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Replaces the state in one step: whenever the process dies, the old one or the new one is there. */
export async function saveProgress(path: string, file: Fingerprint, target: string, progress: Progress): Promise<void> {
  const state: z.infer<typeof savedState> = { version: 1, target, file, progress }
  const draft = `${statePath(path)}.tmp`
  await writeFile(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  await rename(draft, statePath(path))
}

export async function removeProgress(path: string): Promise<void> {
  await rm(statePath(path), { force: true })
}
