import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WalkOptions, WalkSummary } from '../../../../../src/channels/messenger/walk/walk.ts'
import { asSet, conversation, FakeGraph, json, messageIds, NOW, refusal, tooMuch } from '../fake-graph.ts'
import { runAfter, StoredRun, sizes, walkOver } from './kit.ts'

/** What happens before one answer. */
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'nothing' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('message' as const), to: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'expired' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'too much' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'down' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
)

const story = fc.record({
  threads: fc.array(fc.record({ messages: fc.nat(14), minutesLater: fc.nat(20) }), { maxLength: 14 }),
  happenings: fc.array(happening, { maxLength: 60 }),
  /** After how many pages each process dies; the last one lives. */
  deaths: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }),
  limits: fc.record({
    threads: fc.integer({ min: 1, max: 5 }),
    nested: fc.integer({ min: 1, max: 4 }),
    messages: fc.integer({ min: 1, max: 6 }),
  }),
})

describe('a list that reorders, fails and is read by processes that die', () => {
  it('is read without losing a message, and what comes later is found by the next walk', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ threads, happenings, deaths, limits }) => {
        let at = Date.parse(NOW) - threads.reduce((sum, { minutesLater }) => sum + minutesLater, 0) * 60_000
        const graph = new FakeGraph(
          threads.map(({ messages, minutesLater }, i) => {
            at += minutesLater * 60_000
            return conversation(`t_${i}`, at, messages)
          }),
        )
        // As often as a walk bears it: more is a failure of its own.
        let expiries = 3
        graph.before = ({ after, limit, nested }, number) => {
          const now = happenings[number - 1]
          if (now?.kind === 'message' && graph.conversations.length > 0) {
            at += 1000
            graph.say(`t_${now.to % graph.conversations.length}`, at)
          }
          if (now?.kind === 'expired' && after !== null && expiries-- > 0) return refusal(100)
          if (now?.kind === 'too much' && Math.max(limit, nested) > 1) return tooMuch()
          if (now?.kind === 'down') return refusal(2, 500)
          if (now?.kind === 'empty') return json({ data: [], paging: { cursors: { after: after ?? '0' }, next: 'x' } })
          return undefined
        }
        const run = new StoredRun()
        const walkOn = (most: number, from: Partial<WalkOptions> = {}) => {
          const { walk } = walkOver(graph, { cursor: run.cursor, sizes: { ...sizes, ...limits }, ...from })
          return run.store(walk, most)
        }
        let summary: WalkSummary | undefined
        for (const most of [...deaths, Number.POSITIVE_INFINITY]) summary ??= await walkOn(most)
        expect(summary?.done).toBe(true)
        expect(run.pages.flatMap(({ rejected }) => rejected)).toEqual([])
        // Whatever came before the last look at the head is there; the rest is what an incremental walk is for.
        const watermark = summary?.cursor.high_watermark ?? null
        graph.before = () => undefined
        const after = watermark === null ? { mode: 'incremental' as const } : runAfter(Date.parse(watermark))
        await walkOn(Number.POSITIVE_INFINITY, { ...after, cursor: undefined })
        expect(asSet(messageIds(run.pages))).toEqual(graph.messageIds)
      }),
      { numRuns: 150, seed: 4 },
    )
  })
})
