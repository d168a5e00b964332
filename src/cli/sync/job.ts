/** What a sync function is sent for an account, and what its answer says. The functions of all channels speak alike. */
import { z } from 'zod'
import type { ChannelSync } from '../../contract/syncs.ts'

/** The sync of one account. */
export interface SyncJob extends Pick<ChannelSync, 'functionName' | 'what'> {
  channelAccountId: string
  mode: 'full' | 'incremental' | undefined
}

/** What became of the items of a run, by outcome. */
export type Counts = Record<string, number>

/** How far a run is when its function answers. */
export interface Stretch {
  hasMore: boolean
  /** The run to resume. */
  runId: string
  mode: 'full' | 'incremental'
  /** The function is not to be called again before this time, in milliseconds since 1970. */
  resumeAt: number | null
  /** The counts of the whole run, by what was read. */
  counts: Record<string, Counts>
  /** How many items have been read of the estimated total; null when the provider gives none. */
  items: number
  total: number | null
  /** How many could not be stored or read. */
  notStored: number
  /** Grows with everything that is done. Two answers with the same figure: nothing was done. */
  steps: number
}

const Whole = z.number().int().nonnegative()

const Answer = z.object({
  hasMore: z.boolean(),
  resumeSession: z.string(),
  progress: z.object({
    mode: z.enum(['full', 'incremental']),
    pages: Whole,
    items: Whole,
    created: Whole,
    updated: Whole,
    unchanged: Whole,
    failed: Whole,
    rejected: Whole,
    totalEstimate: Whole.nullable(),
  }),
  resumeAt: z.iso.datetime({ offset: true }).nullable(),
})

/** The body of a call that begins a run, or resumes this one. */
export function requestOf({ channelAccountId, mode }: SyncJob, runId: string | null): Record<string, unknown> {
  return {
    channelAccountId,
    ...(mode === undefined ? {} : { mode }),
    ...(runId === null ? {} : { resumeSession: runId }),
  }
}

/** Reads the body of a 200; null when it is not what a sync function answers. */
export function readStretch({ what }: SyncJob, body: unknown): Stretch | null {
  const answer = Answer.safeParse(body)
  if (!answer.success) return null
  const { hasMore, resumeSession: runId, resumeAt, progress } = answer.data
  const { mode, totalEstimate: total, ...counts } = progress
  const { pages, items, failed, rejected } = counts
  return {
    hasMore,
    runId,
    mode,
    resumeAt: resumeAt === null ? null : Date.parse(resumeAt),
    counts: { [what]: counts },
    items,
    total,
    notStored: failed + rejected,
    // Records that landed are transformed without a page.
    steps: pages + items,
  }
}
