import { afterEach, describe, expect, it } from 'vitest'
import { createGraphClient } from '../../../../../src/channels/messenger/client.ts'
import type { GraphCursor } from '../../../../../src/channels/messenger/walk/cursor.ts'
import { WALK_SIZES } from '../../../../../src/channels/messenger/walk/sizes.ts'
import type { GraphPage } from '../../../../../src/channels/messenger/walk/state.ts'
import { type WalkOptions, walkConversations } from '../../../../../src/channels/messenger/walk/walk.ts'
import type { InboundItem } from '../../../../../src/contract/inbound.ts'
import type { GraphOptions } from '../../../../simulators/graph/options.ts'
import { type GraphSimulator, startGraphSimulator } from '../../../../simulators/graph/server.ts'
import type { ExpectedConversation } from '../../../../simulators/graph/truth.ts'
import { runAfter, StoredRun } from '../walk/kit.ts'

const running: GraphSimulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()))
})

async function start(options: GraphOptions): Promise<GraphSimulator> {
  const simulator = await startGraphSimulator(options)
  running.push(simulator)
  return simulator
}

/** Walks until it is done, in processes that hand out so many pages each. */
async function walk(
  simulator: GraphSimulator,
  options: Partial<WalkOptions> = {},
  pagesEach = Number.POSITIVE_INFINITY,
) {
  const client = createGraphClient({
    pageId: simulator.pageId,
    token: simulator.token,
    baseUrl: simulator.url,
    acquire: async () => {},
    onUsage: () => {},
    retry: { retries: 6, firstWait: 1, longestWait: 2 },
  })
  const run = new StoredRun()
  for (;;) {
    const end = await run.store(walkConversations({ client, mode: 'full', cursor: run.cursor, ...options }), pagesEach)
    if (end) return { pages: run.pages, cursor: end.cursor }
  }
}

interface Told {
  participant: { psid: string; name: string | undefined } | null
  messages: Map<string, unknown>
}

/** What the items tell, by thread; the same message always has to be told the same way. */
function told(items: readonly InboundItem[]): Map<string, Told> {
  const threads = new Map<string, Told>()
  for (const { thread_id = '', participant, events } of items) {
    const psid = participant?.identities[0]?.value
    const one = threads.get(thread_id) ?? { participant: null, messages: new Map() }
    if (psid !== undefined) one.participant = { psid, name: participant?.full_name }
    for (const event of events) {
      const id = 'provider_message_id' in event ? (event.provider_message_id ?? '') : ''
      if (one.messages.has(id)) expect(event).toEqual(one.messages.get(id))
      one.messages.set(id, event)
    }
    threads.set(thread_id, one)
  }
  return threads
}

const TYPES = { image: 'image', sticker: 'image', video: 'video', audio: 'audio', file: 'file', share: 'fallback' }

function expected({ participant, messages }: ExpectedConversation): Told {
  return {
    participant,
    messages: new Map(
      messages.map(({ id, direction, at, text, attachment, isUnavailable }) => [
        id,
        expect.objectContaining({
          // Without a direction nothing but its being there is known.
          type: isUnavailable && direction === null ? expect.stringMatching(/^(message|unavailable)$/) : 'message',
          provider_message_id: id,
          occurred_at: at,
          ...(direction === null ? {} : { direction }),
          ...(text === null ? {} : { text }),
          ...(attachment === null ? {} : { attachments: [expect.objectContaining({ type: TYPES[attachment] })] }),
          ...(isUnavailable ? { payload: expect.objectContaining({ unavailable: true }) } : {}),
        }),
      ]),
    ),
  }
}

function expectAll(simulator: GraphSimulator, pages: readonly GraphPage[]): void {
  const threads = told(pages.flatMap(({ items }) => items))
  const all = simulator.expected()
  expect([...threads.keys()].sort()).toEqual(all.map(({ id }) => id).sort())
  for (const one of all) {
    const { participant, messages } = expected(one)
    const found = threads.get(one.id)
    expect(found?.participant, one.id).toEqual(participant)
    expect([...(found?.messages.keys() ?? [])].sort()).toEqual([...messages.keys()].sort())
    for (const [id, message] of messages) expect(found?.messages.get(id)).toEqual(message)
  }
}

/** An incremental walk after another: what arrived while the first was ending is its to find. */
async function walkOn(simulator: GraphSimulator, cursor: GraphCursor): Promise<GraphPage[]> {
  if (cursor.high_watermark === null) throw new Error('the walk did not settle')
  return (await walk(simulator, { ...runAfter(Date.parse(cursor.high_watermark)), sizes })).pages
}

/** How many different things were set aside. */
function setAside(pages: readonly GraphPage[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rejected } of pages) for (const { what } of rejected) counts[what] = (counts[what] ?? 0) + 1
  return counts
}

const world = { seed: 5, conversations: 60, messages: 900, deepThreads: [130, 45, 21, 20] }
const sizes = { ...WALK_SIZES, threads: 10, nested: 5, messages: 25 }

describe('over the simulated page the walk reads everything', () => {
  it.each<[string, GraphOptions]>([
    ['as it is', {}],
    ['with cursors that mark times', { cursorsMark: 'time' }],
    ['with cursors that mark rows', { cursorsMark: 'row' }],
    ['with cursors bound to their limit', { cursorsKeepLimit: 'always' }],
    ['while messages arrive', { arrivals: { part: 0.7, most: 25 } }],
    ['while messages arrive and cursors mark rows', { arrivals: { part: 0.7, most: 25 }, cursorsMark: 'row' }],
    ['with smaller pages than asked for', { maxLimit: 7 }],
    ['when it asks for less data', { most: { conversations: 6, messages: 10 } }],
    ['when it asks for fewer nested rows', { most: { rows: 12 } }],
    ['with old messages bare', { world: { ...world, detail: { newest: 20, older: 'bare' } } }],
    ['with old messages refused', { world: { ...world, detail: { newest: 20, older: 'error' } } }],
    ['in faults by chance', { chaos: { seed: 3, part: 0.15 } }],
    ['in other faults by chance', { chaos: { seed: 8, part: 0.15 }, arrivals: { part: 0.3, most: 10 } }],
  ])('%s', async (_name, options) => {
    const simulator = await start({ world, ...options })
    const { pages, cursor } = await walk(simulator, { sizes })
    expect(cursor.pass).toBe('done')
    expectAll(simulator, [...pages, ...(await walkOn(simulator, cursor))])
    expect(setAside(pages)).toEqual({})
    expect(simulator.counters()).toMatchObject({ tokenInUrl: 0, mostAtOnce: 1 })
  })

  it('in processes that die after each page', async () => {
    const simulator = await start({ world, arrivals: { part: 0.3, most: 10 } })
    const { pages, cursor } = await walk(simulator, { sizes }, 1)
    expectAll(simulator, [...pages, ...(await walkOn(simulator, cursor))])
  })

  it('of a usable form, and sets the rest aside', async () => {
    const flaws = {
      conversations: 0.1,
      participantsMissing: 0.1,
      participantsMalformed: 0.1,
      messages: 0.05,
      oddMessages: 0.05,
      unsupported: 0.05,
    }
    const simulator = await start({ world: { ...world, flaws } })
    // One page of all, so that nothing comes twice.
    const { pages } = await walk(simulator, { sizes: { ...WALK_SIZES, threads: 60, nested: 200, messages: 200 } })
    expectAll(simulator, pages)
    const { malformed } = simulator.totals()
    expect(setAside(pages)).toMatchObject({ conversations: malformed.conversations, messages: malformed.messages })
  })
})

describe('an incremental walk over the simulated page', () => {
  it('with nothing new takes two list pages at most', async () => {
    const simulator = await start({ world })
    const { cursor } = await walk(simulator, { sizes })
    const before = simulator.counters().conversations
    await walkOn(simulator, cursor)
    expect(simulator.counters().conversations - before).toBeLessThanOrEqual(2)
  })

  it('brings what arrived since', async () => {
    const simulator = await start({ world })
    const first = await walk(simulator, { sizes })
    for (let i = 0; i < 12; i += 1) simulator.world.receive()
    expectAll(simulator, [...first.pages, ...(await walkOn(simulator, first.cursor))])
  })
})
