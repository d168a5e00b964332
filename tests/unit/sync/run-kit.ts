/** One stretch of a conversation sync without a database, over a Graph that is faked. */
import type { GraphUsage } from '../../../src/channels/messenger/graph/usage.ts'
import type { PageOutcome, RunCalls, RunCounts } from '../../../src/crm/sync.ts'
import { messengerProvider, pauseNearLimits, readConversations } from '../../../src/sync/messenger/provider.ts'
import { RateLimiter } from '../../../src/sync/rate-limiter.ts'
import { runStretch } from '../../../src/sync/run.ts'
import { fakeCrm } from '../../functions/fake-crm.ts'
import { ManualClock } from '../channels/b2chat/manual-clock.ts'
import { clientFor, type FakeGraph, NOW } from '../channels/messenger/fake-graph.ts'

const bucket = 'messenger:PAGE1'
const counts = { items: 0, created: 0, updated: 0, unchanged: 0, failed: 0, rejected: 0, total_estimate: null }
const outcome: PageOutcome = {
  ...counts,
  expires_at: NOW,
  run_pages: 1,
  run_items: 0,
  run_created: 0,
  run_updated: 0,
  run_unchanged: 0,
  run_failed: 0,
  run_rejected: 0,
}
/** What the database answers when a run ends. */
export const runCounts: RunCounts = { ...counts, mode: 'full', pages: 1 }
/** Seconds that a stretch may take. */
export const BUDGET = 100

/** A full run that begins. */
export const startedRun = {
  ...counts,
  status: 'running' as const,
  run_id: 'run',
  token: 'token',
  cursor: {},
  since: null,
  mode: 'full' as const,
  resumed: false,
  fencing_token: 1,
  expires_at: NOW,
  pages: 0,
  resource: 'messenger:PAGE1:conversations',
  bucket,
}

interface StretchOptions {
  maxMessages?: number
  /** Awaited by each commit. */
  commit?: () => Promise<void>
  /** Awaited by the call that ends the run, and by the one that blocks the bucket. */
  finish?: () => Promise<void>
  clock?: ManualClock
  /** Where the stretch before has stopped. */
  cursor?: Record<string, unknown>
}

/** A stretch over this Graph: how it ends, what it did to the bucket and the run, and how many pages it stored. */
export function stretch(graph: FakeGraph, options: StretchOptions = {}) {
  const {
    maxMessages = 1_000_000,
    commit = async () => {},
    finish = async () => {},
    clock = new ManualClock(NOW),
    cursor = {},
  } = options
  const blocks: number[] = []
  const ends: Parameters<RunCalls['finishSync']>[0][] = []
  const commits: Parameters<RunCalls['commitSyncPage']>[0][] = []
  const crm = fakeCrm({
    takeRateLimit: async () => ({ granted: true }),
    blockRateLimit: async ({ seconds }) => {
      blocks.push(seconds)
      await finish()
    },
    commitSyncPage: async (call) => {
      commits.push(call)
      await commit()
      return outcome
    },
    finishSync: async (call) => {
      ends.push(call)
      await finish()
      return runCounts
    },
  })
  const startedAt = clock.now()
  const until = startedAt + BUDGET * 1000
  const limiter = new RateLimiter({ crm, bucket, clock, until })
  const onUsage = (usage: GraphUsage) => pauseNearLimits(limiter, usage)
  const { client } = clientFor(graph.fetch, { clock, acquire: limiter.acquire, onUsage })
  const run = { ...startedRun, cursor }
  const given = { crm, run, channelAccountId: 'account', limiter, clock, startedAt, until }
  const end = runStretch(messengerProvider(), (one) => readConversations(client, one, maxMessages), given)
  return { end, blocks, ends, commits, limiter, clock }
}
