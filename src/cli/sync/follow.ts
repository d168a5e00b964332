/** Follows a run to its end: its function works for two minutes at most, and is called until nothing is left. */
import { isInterruption } from '../interruption.ts'
import type { ActiveSync, Monitoring } from '../monitoring.ts'
import { type CallContext, callSync, type Failure } from './call.ts'
import { readStretch, type Stretch, type SyncJob } from './job.ts'

/** How often the progress is read while a call waits for its answer. */
export const LOOK_MS = 2_000
/** Between two calls while another process has our run: a scheduled job, or a request of ours whose answer was lost. */
const HELD_MS = 5_000
/** A lease ends after five minutes without a page. A process that still has it then is at work. */
const HELD_FOR_MS = 6 * 60_000
/** A pause after an answer that brought nothing, and how many of those in a row end the sync. */
const IDLE_MS = 5_000
const MAX_IDLE = 10

export interface FollowOptions extends Omit<CallContext, 'onRetry'> {
  monitoring: Pick<Monitoring, 'activeSyncs' | 'run'>
  /** The run to resume; null for the unfinished one, or a new one. */
  runId: string | null
  /** Waits until the provider allows requests again, and while another process has the run's lock. */
  wait: boolean
}

/** How far a sync is. */
export interface Mark {
  items: number
  total: number | null
  notStored: number
}

export interface FollowEvents {
  onProgress(mark: Mark): void
  onRetry(what: string): void
  /** It waits until this time (milliseconds since 1970), because of the provider's limits. */
  onWait(until: number): void
  /** Another process has the run, and it waits for that. */
  onHeld(by: string | null): void
}

/** How a sync ended, or where it stands. */
export interface FollowEnd {
  status: 'done' | 'waiting' | 'locked' | 'refused' | 'stopped' | 'interrupted'
  /** The run, where it is known; the last answer and how many there were. */
  runId: string | null
  last: Stretch | null
  calls: number
  held: { by: string | null; until: string | null } | null
  failure: Failure | null
}

/** Calls the function until the run ends or something stops it. Throws `RpcError` when it cannot read how the run ended. */
export async function followSync(job: SyncJob, options: FollowOptions, events: FollowEvents): Promise<FollowEnd> {
  const { clock, signal, monitoring } = options
  const at: FollowEnd = {
    status: 'done',
    runId: options.runId,
    last: null,
    calls: 0,
    held: null,
    failure: null,
  }
  /** Whether a process that has the lock may be working on our run. */
  let isOurs = false
  let heldSince: number | null = null
  let idle = 0
  const context: CallContext = {
    ...options,
    onRetry(what) {
      isOurs = true
      events.onRetry(what)
    },
  }
  const onLook = (mark: Mark & { runId: string }): void => {
    at.runId ??= mark.runId
    events.onProgress(mark)
  }

  try {
    for (;;) {
      const result = await whileLooking({ ...job, runId: at.runId }, options, onLook, () =>
        callSync(job, at.runId, context),
      )
      if (result.kind === 'refused' || result.kind === 'stopped') {
        return { ...at, status: result.kind, failure: result.failure }
      }
      if (result.kind === 'held') {
        const { by, until } = result
        heldSince ??= clock.now()
        if (!isOurs || !options.wait || clock.now() - heldSince >= HELD_FOR_MS) {
          return { ...at, status: 'locked', held: { by, until } }
        }
        events.onHeld(by)
        await clock.sleep(HELD_MS, signal)
        continue
      }

      heldSince = null
      isOurs = true
      const stretch = readStretch(job, result.body)
      if (!stretch) return { ...at, status: 'stopped', failure: UNEXPECTED }
      const steps = at.last?.steps ?? 0
      at.last = stretch
      at.runId = stretch.runId
      at.calls += 1
      events.onProgress(stretch)
      if (!stretch.hasMore) return { ...at, ...(await ending(stretch, monitoring)) }

      const { resumeAt } = stretch
      if (resumeAt !== null && resumeAt > clock.now()) {
        if (!options.wait) return { ...at, status: 'waiting' }
        events.onWait(resumeAt)
        await clock.sleep(resumeAt - clock.now(), signal)
        idle = 0
        continue
      }
      idle = stretch.steps > steps ? 0 : idle + 1
      if (idle >= MAX_IDLE) return { ...at, status: 'stopped', failure: IDLE }
      if (idle > 0) await clock.sleep(IDLE_MS, signal)
    }
  } catch (error) {
    if (isInterruption(error, signal)) return { ...at, status: 'interrupted' }
    throw error
  }
}

const UNEXPECTED: Failure = {
  code: 'unexpected_answer',
  message: 'The function answered something that this version of the command does not know.',
  hint: 'Deploy the functions of the same version.',
}
const IDLE: Failure = {
  code: 'no_progress',
  message: 'The function says again and again that there is more, and reads nothing.',
  hint: 'Its log says why.',
}

/** Nothing is left of a run that failed in another process either. */
async function ending(
  { runId }: Stretch,
  monitoring: FollowOptions['monitoring'],
): Promise<Pick<FollowEnd, 'status' | 'failure'>> {
  const run = await monitoring.run(runId)
  if (run?.status !== 'failed') return { status: 'done', failure: null }
  const [, code = 'failed'] = /^([a-z][a-z0-9_]*)/.exec(run.error ?? '') ?? []
  return { status: 'stopped', failure: { code, message: `The run failed: ${run.error ?? code}`, hint: null } }
}

/** Makes the call, and tells how far the account's run is until it answers. */
async function whileLooking<Result>(
  { channelAccountId, runId: known }: SyncJob & { runId: string | null },
  { clock, monitoring, signal }: FollowOptions,
  onLook: (mark: Mark & { runId: string }) => void,
  call: () => Promise<Result>,
): Promise<Result> {
  const answered = new AbortController()
  const until = AbortSignal.any([signal, answered.signal])
  const looking = (async () => {
    for (;;) {
      await clock.sleep(LOOK_MS, until)
      // For the display only: the answer says whether the sync goes well.
      const runs = await monitoring.activeSyncs({ channelAccountId }).catch((): ActiveSync[] => [])
      const run = runs.find(({ run_id }) => known === null || run_id === known)
      if (run?.status !== 'running' || until.aborted) continue
      const { run_id: runId, items, total_estimate: total, failed, rejected } = run
      onLook({ runId, items, total, notStored: failed + rejected })
    }
  })()
  // It ends by the signal, perhaps in the middle of a look, so it is not awaited.
  looking.catch(() => {})
  try {
    return await call()
  } finally {
    answered.abort(new Error('answered'))
  }
}
