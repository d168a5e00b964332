/** A sync to its end: its function works for two minutes at most, and is called until nothing is left. */
import { isInterruption } from '../interruption.ts'
import type { ActiveSync, Monitoring } from '../monitoring.ts'
import { type CallContext, callSync, type Failure } from './call.ts'
import type { Stretch, SyncJob } from './job.ts'

/** How often somebody who waits for an answer is told how far the run is. */
export const LOOK_MS = 2_000
/** Between two calls while another process goes on with our run: a scheduled job, or a request of ours whose answer was lost. */
const HELD_MS = 5_000
/** A lease ends after five minutes without a page; who still has it then is really at work. */
const HELD_FOR_MS = 6 * 60_000
/** A pause after an answer that brought nothing, and how many of those in a row end the sync. */
const IDLE_MS = 5_000
const MAX_IDLE = 10

export interface FollowOptions extends Omit<CallContext, 'onRetry'> {
  monitoring: Pick<Monitoring, 'activeSyncs' | 'run'>
  /** The run to go on with; null for the one that is unfinished, or a new one. */
  session: string | null
  /** Waits until the provider lets us go on, and while another process has the run's lock. */
  wait: boolean
}

/** How far a sync is. */
export interface Mark {
  items: number
  total: number | null
  bad: number
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
  session: string | null
  last: Stretch | null
  calls: number
  held: { by: string | null; until: string | null } | null
  failure: Failure | null
}

/** Syncs until the end, or until something keeps it from going on. Throws `RpcError` when it cannot be read how the run ended. */
export async function followSync(job: SyncJob, options: FollowOptions, events: FollowEvents): Promise<FollowEnd> {
  const { clock, signal, monitoring } = options
  const at: FollowEnd = {
    status: 'done',
    session: options.session,
    last: null,
    calls: 0,
    held: null,
    failure: null,
  }
  /** Whether a process that has the lock may be at work for us. */
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
  const onLook = (mark: Mark & { session: string }): void => {
    at.session ??= mark.session
    events.onProgress(mark)
  }

  try {
    for (;;) {
      const result = await whileLooking(job, options, onLook, () => callSync(job, at.session, context))
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
      const stretch = job.read(result.body)
      if (!stretch) return { ...at, status: 'stopped', failure: UNEXPECTED }
      const steps = at.last?.steps ?? 0
      at.last = stretch
      at.session = stretch.session ?? at.session
      at.calls += 1
      events.onProgress(stretch)
      if (!stretch.hasMore) return { ...at, ...(await ending(job, stretch, monitoring)) }

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

/** A run may have failed in another process meanwhile: then there is no more, and it is not done all the same. */
async function ending(
  { resource }: SyncJob,
  { session }: Stretch,
  monitoring: FollowOptions['monitoring'],
): Promise<Pick<FollowEnd, 'status' | 'failure'>> {
  const run = resource === null || session === null ? null : await monitoring.run(session)
  if (run?.status !== 'failed') return { status: 'done', failure: null }
  const [, code = 'failed'] = /^([a-z][a-z0-9_]*)/.exec(run.error ?? '') ?? []
  return { status: 'stopped', failure: { code, message: `The run failed: ${run.error ?? code}`, hint: null } }
}

/** Makes the call, and says how far its run is while nobody has answered. */
async function whileLooking<Result>(
  { resource }: SyncJob,
  { clock, monitoring, signal }: FollowOptions,
  onLook: (mark: Mark & { session: string }) => void,
  call: () => Promise<Result>,
): Promise<Result> {
  if (resource === null) return call()
  const answered = new AbortController()
  const until = AbortSignal.any([signal, answered.signal])
  const looking = (async () => {
    for (;;) {
      await clock.sleep(LOOK_MS, until)
      // Only a matter of the display: whether the sync goes well, its answer says.
      const [run] = await monitoring.activeSyncs({ resource }).catch((): ActiveSync[] => [])
      if (run?.status !== 'running' || until.aborted) continue
      const { run_id: session, items, total_estimate: total, failed, rejected } = run
      onLook({ session, items, total, bad: failed + rejected })
    }
  })()
  // It ends by the signal. Nobody waits for that: a look may be under way.
  looking.catch(() => {})
  try {
    return await call()
  } finally {
    answered.abort(new Error('answered'))
  }
}
