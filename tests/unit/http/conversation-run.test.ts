import { describe, expect, test } from 'vitest'
import type { CrmClient } from '../../../src/crm/client.ts'
import type { PageOutcome } from '../../../src/crm/rpc-types.ts'
import { runConversationSync } from '../../../src/http/conversation-run.ts'
import { GraphPace } from '../../../src/http/graph-pace.ts'
import { fakeCrm } from '../../functions/fake-crm.ts'
import { clientFor, conversation, FakeGraph, NOW } from '../channels/messenger/graph/fake-graph.ts'

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

/** A stretch of 100 seconds over this Graph, and what it did to the bucket and the run. */
async function stretch(graph: FakeGraph) {
  const blocks: number[] = []
  const ends: Parameters<CrmClient['finishSync']>[0][] = []
  const crm = fakeCrm({
    takeRateLimit: async () => ({ granted: true }),
    blockRateLimit: async ({ seconds }) => {
      blocks.push(seconds)
    },
    commitSyncPage: async () => outcome,
    finishSync: async (call) => {
      ends.push(call)
    },
  })
  const { client, clock } = clientFor(graph.fetch)
  const until = clock.now() + 100_000
  const pace = new GraphPace({ crm, bucket, clock, until })
  const run = {
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
  const end = await runConversationSync({ crm, client, pace, run, until, maxMessages: 1000, clock })
  return { end, blocks, ends, resumeAt: pace.resumeAt }
}

const answering = (status: number, retryAfter?: string) => {
  const graph = new FakeGraph([conversation('t_0', Date.parse(NOW), 1)])
  graph.before = () => new Response('', { status, ...(retryAfter ? { headers: { 'retry-after': retryAfter } } : {}) })
  return graph
}

describe('a server that says when to ask again', () => {
  test('is asked then, and the run says why and until when', async () => {
    const { end, blocks, ends, resumeAt } = await stretch(answering(503, '7200'))
    expect(end).toMatchObject({ status: 'paused', failure: { code: 'provider_unavailable' } })
    expect(blocks).toEqual([7200])
    expect(resumeAt).toBe(Date.parse(NOW) + 7_200_000)
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(/^provider_unavailable: .*503/) }])
  })

  test('is so with 429 as well', async () => {
    const { end, blocks, ends } = await stretch(answering(429, '7200'))
    expect(end).toMatchObject({ status: 'paused', failure: { code: 'throttled' } })
    expect(blocks).toEqual([7200])
    expect(ends).toMatchObject([{ status: 'paused', error: expect.stringMatching(/^throttled: /) }])
  })

  test('at once is not one that blocks', async () => {
    for (const retryAfter of [undefined, '0']) {
      const graph = answering(503, retryAfter)
      const { blocks, resumeAt } = await stretch(graph)
      expect({ blocks, resumeAt }).toEqual({ blocks: [], resumeAt: null })
    }
  })
})
