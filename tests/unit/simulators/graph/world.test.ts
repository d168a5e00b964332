import { describe, expect, it } from 'vitest'
import { messageAt, messageCount } from '../../../simulators/graph/messages.ts'
import { createWorld } from '../../../simulators/graph/world.ts'
import { askList, messageIds, page, readAll, readPage, start, threadIds } from './graph-kit.ts'

describe('a simulated page', () => {
  it('is the same for the same seed and another for another', async () => {
    const options = { conversations: 20, messages: 400 }
    const texts = await Promise.all(
      [3, 3, 4].map(async (seed) => {
        const simulator = await start({ world: { ...options, seed } })
        return JSON.stringify(simulator.expected())
      }),
    )
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toBe(texts[2])
  })

  it.each([
    { conversations: 100, messages: 2000 },
    { conversations: 1000, messages: 20_000 },
    { conversations: 50, messages: 10 },
    { conversations: 3, messages: 1300, deepThreads: [1000, 300] },
  ])('has exactly $messages messages in $conversations conversations', (options) => {
    const { list } = createWorld(options)
    expect(list).toHaveLength(options.conversations)
    expect(list.reduce((sum, conversation) => sum + messageCount(conversation), 0)).toBe(options.messages)
    expect(new Set(list.map(({ id }) => id)).size).toBe(options.conversations)
    expect(new Set(list.map(({ psid }) => psid)).size).toBe(options.conversations)
  })

  it('has long conversations and some of a thousand messages, when it is large', () => {
    const sizes = createWorld({ conversations: 1000, messages: 20_000 }).list.map(messageCount)
    expect(Math.max(...sizes)).toBe(1200)
    expect(sizes.filter((size) => size > 25).length).toBeGreaterThan(50)
    expect(sizes.filter((size) => size === 0).length).toBeGreaterThan(0)
  })

  it('ends each conversation at its updated_time, with pairs of messages of the same second', () => {
    const { settings, list } = createWorld({ conversations: 40, messages: 400 })
    for (const conversation of list) {
      const times = Array.from(
        { length: messageCount(conversation) },
        (_, i) => messageAt(settings, conversation, i).at,
      )
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      if (times.length > 0) expect(times.at(-1)).toBe(conversation.updated * 1000)
      if (times.length > 1) expect(times.at(-2)).toBe(times.at(-1))
    }
  })
})

describe('a new message', () => {
  it('moves its conversation to the head and is its newest', async () => {
    const simulator = await start({ world: { conversations: 10, messages: 50 } })
    const thread = simulator.world.list[7]?.id ?? ''
    const before = simulator.totals().messages
    const { message } = simulator.world.receive({ thread, text: 'Sigo esperando', outbound: false })
    const [row] = (
      await page(askList(simulator, { fields: 'id,updated_time,messages.limit(1){id,created_time,message}' }))
    ).data
    expect(row).toMatchObject({ id: thread, messages: { data: [{ id: message.id, message: 'Sigo esperando' }] } })
    expect(simulator.totals().messages).toBe(before + 1)
    expect(simulator.expected()[0]?.messages.at(-1)).toMatchObject({ direction: 'inbound', text: 'Sigo esperando' })
  })

  it('can be somebody’s first, at a time of its own', async () => {
    const simulator = await start({ world: { conversations: 5, messages: 5, equalTimes: 0 } })
    const { list } = simulator.world
    const at = (list[2]?.updated ?? 0) * 1000 + 500
    const { conversation } = simulator.world.receive({ thread: 'new', at })
    expect(list.indexOf(conversation)).toBe(2)
    expect(simulator.totals()).toMatchObject({ conversations: 6, participants: 6 })
    expect((await readPage(simulator, 2, 2)).get(conversation.id)?.messages).toHaveLength(1)
  })

  it.each(['place', 'time', 'row'] as const)(
    'of the same second as others leaves no gap at a page’s end, where a cursor marks a %s',
    async (cursorsMark) => {
      const simulator = await start({ world: { conversations: 12, messages: 12, equalTimes: 1 }, cursorsMark })
      const { list, settings } = simulator.world
      for (const place of [11, 7, 9, 3, 11])
        simulator.world.receive({ thread: list[place]?.id ?? '', at: settings.until })
      const rows = await readAll((after) => askList(simulator, { limit: 1, fields: 'id,updated_time', ...after }))
      expect(threadIds(rows)).toEqual(list.map(({ id }) => id))
    },
  )

  it.each(['place', 'time', 'row'] as const)(
    'in the middle of a walk hides its conversation from it, where a cursor marks a %s; a second look at the head finds it',
    async (cursorsMark) => {
      const simulator = await start({ world: { conversations: 30, messages: 60 }, cursorsMark })
      const fields = 'id,updated_time'
      const first = await page(askList(simulator, { limit: 10, fields }))
      const moved = simulator.world.list[25]?.id ?? ''
      const boundary = simulator.world.list[9]?.id ?? ''
      simulator.world.receive({ thread: moved })
      const rest: string[] = []
      for (let { after } = first; after !== undefined; ) {
        const next = await page(askList(simulator, { limit: 10, fields, after }))
        rest.push(...threadIds(next.data))
        after = next.after
      }
      expect(rest).not.toContain(moved)
      // Only a cursor that marks a place slips back by the row that moved past it.
      expect(rest.includes(boundary)).toBe(cursorsMark === 'place')
      expect(new Set([...threadIds(first.data), ...rest]).size).toBe(29)
      expect(threadIds((await page(askList(simulator, { limit: 1, fields }))).data)).toEqual([moved])
    },
  )

  it('to the very row that a cursor marks brings the head again', async () => {
    const simulator = await start({ world: { conversations: 30, messages: 60 }, cursorsMark: 'row' })
    const first = await page(askList(simulator, { limit: 10, fields: 'id,updated_time' }))
    simulator.world.receive({ thread: simulator.world.list[9]?.id ?? '' })
    const second = await page(askList(simulator, { limit: 10, fields: 'id,updated_time', after: first.after ?? '' }))
    expect(threadIds(second.data)[0]).toBe(threadIds(first.data)[0])
  })

  it('shifts a conversation’s pages where a cursor marks a place, and no other pages', async () => {
    for (const [cursorsMark, repeated] of [
      ['place', 1],
      ['time', 0],
      ['row', 0],
    ] as const) {
      const simulator = await start({ world: { conversations: 1, messages: 20, emptyThreads: 0 }, cursorsMark })
      const { id } = simulator.world.list[0] ?? {}
      const messages = async (query: Record<string, string>) => {
        const { data, after } = await page(
          fetch(`${simulator.url}/v24.0/${id}/messages?${new URLSearchParams({ limit: '5', ...query })}`, {
            headers: { authorization: `Bearer ${simulator.token}` },
          }),
        )
        return { ids: messageIds(data), after: after ?? '' }
      }
      const first = await messages({})
      simulator.world.receive({})
      const second = await messages({ after: first.after })
      expect(first.ids.filter((mid) => second.ids.includes(mid))).toHaveLength(repeated)
      expect(second.ids).toHaveLength(5)
    }
  })

  it('arrives by itself where that is asked for, no more often than allowed', async () => {
    const simulator = await start({ world: { conversations: 30, messages: 60 }, arrivals: { part: 1, most: 4 } })
    const before = simulator.world.list.map(({ id }) => id)
    await readPage(simulator, 5, 5)
    expect(simulator.totals().messages).toBe(64)
    expect(simulator.world.list.map(({ id }) => id)).not.toEqual(before)
  })
})
