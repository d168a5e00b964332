/** One import: a file's lines into a target, batch by batch. */
import type { RpcError } from '../../crm/rpc-error.ts'
import { isInterruption } from '../interruption.ts'
import { Batch } from './batch.ts'
import { type DeliverOptions, deliver } from './deliver.ts'
import { readLines } from './lines.ts'
import { cutRejected, type RejectedLine, writeRejected } from './rejected-file.ts'
import {
  type Fingerprint,
  fingerprintOf,
  loadProgress,
  noProgress,
  type Progress,
  removeProgress,
  saveProgress,
} from './state.ts'
import { addCounts, type Format, type Target } from './target.ts'

/** Names of unknown fields that are counted one by one; a file with more has data for names. */
const MAX_IGNORED_NAMES = 100
export const OTHER_NAMES = '(others)'

export interface ImportOptions {
  path: string
  /** The most lines of one batch. */
  batch: number
  resume: boolean
  retry: DeliverOptions['retry']
  /** Ends the run after the batch under way. */
  signal: AbortSignal
}

/** What an import tells while it runs. */
export interface ImportEvents {
  /** It goes on after this line of an earlier run, or begins anew because of the reason given. */
  onStart(from: { line: number } | { anewBecause: string }): void
  onRejected(line: RejectedLine): void
  onRetry(error: RpcError): void
  /** After every batch: what is done, and how long the file is. */
  onProgress(progress: Progress, bytes: number): void
}

export interface ImportResult {
  status: 'done' | 'interrupted'
  progress: Progress
  /** The line after which this run went on; 0 when it began at the beginning. */
  resumedAfterLine: number
}

/** An import that the database stopped. What is in it is in `progress`, and a rerun goes on from there. */
export class ImportStopped extends Error {
  override readonly name = 'ImportStopped'
  readonly progress: Progress
  readonly resumedAfterLine: number

  constructor(cause: unknown, progress: Progress, resumedAfterLine: number) {
    super('The import was stopped.', { cause })
    this.progress = progress
    this.resumedAfterLine = resumedAfterLine
  }
}

/**
 * Imports a file. Every batch is in the database before its end is saved as progress, so that a run that dies anywhere
 * repeats one batch at most; and repeating one changes nothing. Throws `ImportStopped`, or what the file system throws
 * before the first batch. Without a target it is a dry run: the lines are read and judged, nothing is sent, no file written.
 */
export async function importFile<Entry>(
  format: Format<Entry>,
  target: Target<Entry> | null,
  options: ImportOptions,
  events: ImportEvents,
): Promise<ImportResult> {
  const { path, signal } = options
  const file = await fingerprintOf(path)
  const progress = target ? await startingPoint(target, options, file, events) : noProgress()
  const resumedAfterLine = progress.line
  try {
    let batch = new Batch(format, options.batch)
    const flush = async (): Promise<void> => {
      if (target) await send(batch, target, options, events)
      for (const line of batch.rejected) events.onRejected(line)
      if (target) progress.rejectedBytes = await writeRejected(path, progress.rejectedBytes, batch.rejected)
      take(batch, progress)
      if (target) await saveProgress(path, file, target.key, progress)
      events.onProgress(progress, file.size)
      batch = new Batch(format, options.batch)
    }
    for await (const line of readLines(path, { offset: progress.offset, line: progress.line })) {
      if (!batch.add(line)) {
        await flush()
        if (signal.aborted) return { status: 'interrupted', progress, resumedAfterLine }
        batch.add(line)
      }
    }
    if (batch.records > 0) await flush()
    if (target) await removeProgress(path)
    return { status: 'done', progress, resumedAfterLine }
  } catch (error) {
    if (isInterruption(error, signal)) return { status: 'interrupted', progress, resumedAfterLine }
    throw new ImportStopped(error, progress, resumedAfterLine)
  }
}

async function startingPoint<Entry>(
  target: Target<Entry>,
  { path, resume }: ImportOptions,
  file: Fingerprint,
  events: ImportEvents,
): Promise<Progress> {
  const found = resume ? await loadProgress(path, file, target.key) : { progress: null, reason: null }
  if (found.progress === null && found.reason !== null) events.onStart({ anewBecause: found.reason })
  if (found.progress !== null) events.onStart({ line: found.progress.line })
  const progress = found.progress ?? noProgress()
  progress.rejectedBytes = await cutRejected(path, progress.rejectedBytes)
  // The progress of another run must not outlive the rejected lines it counts.
  if (found.progress === null) await removeProgress(path)
  return progress
}

/** Writes the batch's entries; those the database refuses join the batch's rejected lines. */
async function send<Entry>(
  batch: Batch<Entry>,
  target: Target<Entry>,
  { retry, signal }: ImportOptions,
  events: ImportEvents,
): Promise<void> {
  if (batch.entries.length > 0) {
    const entries = batch.entries.map(({ entry }) => entry)
    const sent = await deliver(entries, target.send, { retry, signal, onRetry: events.onRetry })
    addCounts(batch.counts, sent.counts)
    for (const [place, { path, what }] of sent.problems) {
      const held = batch.entries[place]
      if (held) batch.rejected.push({ line: held.line, error: { path, message: what }, record: held.record })
    }
  }
  batch.rejected.sort((a, b) => a.line - b.line)
}

/** Adds what became of a batch to the progress. */
function take<Entry>(batch: Batch<Entry>, progress: Progress): void {
  progress.offset = batch.offset
  progress.line = batch.line
  progress.records += batch.records
  progress.rejected += batch.rejected.length
  progress.sanitized += batch.sanitized
  addCounts(progress.counts, batch.counts)
  for (const name of batch.ignored) {
    const isListed = Object.hasOwn(progress.ignored, name) || Object.keys(progress.ignored).length < MAX_IGNORED_NAMES
    addCounts(progress.ignored, { [isListed ? name : OTHER_NAMES]: 1 })
  }
}
