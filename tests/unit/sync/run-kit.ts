/** One stretch of a conversation sync without a database, over a Graph that is faked. */
import type { PageOutcome, RunCalls } from '../../../src/crm/sync.ts'
import { runConversationSync } from '../../../src/sync/messenger/conversation-run.ts'
import { GraphPace } from '../../../src/sync/messenger/graph-pace.ts'
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
    },
  })
  const until = clock.now() + BUDGET * 1000
  const pace = new GraphPace({ crm, bucket, clock, until })
  const { client } = clientFor(graph.fetch, { clock, take: pace.take, onUsage: pace.onUsage })
  const run = { ...startedRun, cursor }
  const end = runConversationSync({ crm, client, pace, run, until, maxMessages })
  return { end, blocks, ends, commits, pace, clock }
}
