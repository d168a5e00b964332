import { describe, expect, it } from 'vitest'
import {
  ask,
  askList,
  ConversationRow,
  failure,
  fieldsWith,
  MessageRow,
  messageIds,
  page,
  readAll,
  readPage,
  start,
  threadIds,
} from './graph-kit.ts'

describe('the conversation list', () => {
  it('is newest first, in pages that join without a gap, with equal times on both sides of a page’s end', async () => {
    const simulator = await start({ world: { conversations: 60, messages: 200 } })
    const fields = 'id,updated_time'
    const rows = await readAll((after) => askList(simulator, { limit: 7, fields, ...after }))
    expect(threadIds(rows)).toEqual(simulator.world.list.map(({ id }) => id))
    const times = rows.map((row) => ConversationRow.parse(row).updated_time)
    expect(times).toEqual(times.toSorted().reverse())
    expect(times.some((time, i) => i % 7 === 6 && time === times[i + 1])).toBe(true)
  })

  it('has 25 rows by default, never more than the maximum, and no next at its end', async () => {
    const simulator = await start({ world: { conversations: 60, messages: 60 }, maxLimit: 50 })
    expect((await page(askList(simulator))).data).toHaveLength(25)
    const first = await page(askList(simulator, { limit: 1000 }))
    expect(first.data).toHaveLength(50)
    const last = await page(askList(simulator, { limit: 50, after: first.after ?? '' }))
    expect(last.data).toHaveLength(10)
    expect(last.paging).toEqual({ cursors: { before: expect.any(String), after: expect.any(String) } })
    const behind = await askList(simulator, { limit: 50, after: last.paging?.cursors.after ?? '' })
    expect(await behind.json()).toEqual({ data: [] })
  })

  it('gives a next link that works as it is', async () => {
    const simulator = await start({ world: { conversations: 30, messages: 30 } })
    const first = await page(askList(simulator, { limit: 20, fields: 'id,updated_time' }))
    const second = await page(fetch(first.paging?.next ?? ''))
    expect(threadIds(second.data)).toEqual(simulator.world.list.slice(20).map(({ id }) => id))
    expect(simulator.counters().tokenInUrl).toBe(1)
  })

  it('gives the fields that are asked for and no others', async () => {
    const simulator = await start({ world: { conversations: 1, messages: 1, emptyThreads: 0 } })
    const [row] = (await page(askList(simulator, { fields: 'id,messages{id,from{id}}' }))).data
    const { psid } = simulator.world.list[0] ?? {}
    const from = expect.objectContaining({ id: expect.stringMatching(`^(${psid}|${simulator.pageId})$`) })
    expect(row).toMatchObject({ messages: { data: [{ id: expect.any(String), from }] } })
    expect(Object.keys(ConversationRow.partial().parse(row))).toEqual(['id', 'messages'])
    expect(JSON.stringify(row)).not.toMatch(/created_time|"name"|"to"|"message"/)
    const [bare] = (await page(askList(simulator))).data
    expect(bare).toEqual({ id: expect.any(String), link: expect.any(String), updated_time: expect.any(String) })
  })

  it.each([
    ['a field it does not have', { fields: 'id,colour' }],
    ['a field a message does not have', { fields: 'messages{id,text}' }],
    ['braces without an end', { fields: 'messages{id' }],
    ['paging by time', { since: '2025-01-01' }],
    ['a limit of none', { limit: 0 }],
    ['a limit of words', { limit: 'many' }],
    ['a platform of its own', { platform: 'telegram' }],
  ])('refuses %s', async (_, query) => {
    const simulator = await start({ world: { conversations: 1, messages: 1 } })
    expect(await failure(askList(simulator, query))).toMatchObject({ status: 400 })
  })

  it('has nothing of another platform', async () => {
    const simulator = await start({ world: { conversations: 3, messages: 3 } })
    expect((await page(askList(simulator, { platform: 'instagram' }))).data).toEqual([])
  })

  it('knows no other page, conversation or path', async () => {
    const simulator = await start({ world: { conversations: 1, messages: 1 } })
    expect(await failure(ask(simulator, '1/conversations'))).toMatchObject({ code: 100, error_subcode: 33 })
    expect(await failure(ask(simulator, 't_1/messages'))).toMatchObject({ code: 100, error_subcode: 33 })
    expect(await failure(ask(simulator, 'me/friends'))).toMatchObject({ code: 2500 })
  })
})

describe('messages', () => {
  it('nested and by conversation are newest first and join without a gap', async () => {
    const simulator = await start({ world: { conversations: 4, messages: 1400, deepThreads: [1100, 26] } })
    const expected = new Map(simulator.expected().map(({ id, messages }) => [id, messages.map((m) => m.id)]))
    for (const [id, { messages }] of await readPage(simulator, 3, 25)) {
      expect(messageIds(messages)).toEqual(expected.get(id)?.toReversed())
      const times = messages.map((message) => MessageRow.parse(message).created_time)
      expect(times).toEqual(times.toSorted().reverse())
    }
    expect([...expected.values()].map(({ length }) => length)).toEqual(expect.arrayContaining([1100, 26]))
    expect(simulator.totals().messages).toBe(1400)
  })

  it('carry their own paging, with the fields of the nested list', async () => {
    const simulator = await start({ world: { conversations: 1, messages: 30, emptyThreads: 0 } })
    const [row] = (await page(askList(simulator, { fields: 'messages.limit(4){id,message}' }))).data
    const { messages } = ConversationRow.partial({ updated_time: true }).parse(row)
    expect(messages?.data).toHaveLength(4)
    const next = await page(fetch(messages?.paging?.next ?? ''))
    expect(next.data).toHaveLength(4)
    expect(next.data[0]).toEqual({ id: expect.any(String), message: expect.any(String) })
    const { id } = simulator.world.list[0] ?? {}
    const all = await page(ask(simulator, `${id}/messages`, { limit: 8, fields: 'id,message' }))
    expect([...(messages?.data ?? []), ...next.data]).toEqual(all.data)
  })

  it('go both ways between the page and the person, with text, emoji and attachments of every kind', async () => {
    const simulator = await start({ world: { conversations: 1, messages: 1500, emptyThreads: 0, deepThreads: [1500] } })
    const [conversation] = simulator.world.list
    const rows = await readAll((after) =>
      ask(simulator, `${conversation?.id}/messages`, {
        limit: 500,
        fields: 'id,from,to,message,attachments{mime_type,image_data,video_data,file_url},sticker,shares',
        ...after,
      }),
    )
    const text = JSON.stringify(rows)
    const [person, us] = [{ id: conversation?.psid }, { id: simulator.pageId }]
    expect(rows).toContainEqual(
      expect.objectContaining({ from: expect.objectContaining(person), to: { data: [expect.objectContaining(us)] } }),
    )
    expect(rows).toContainEqual(
      expect.objectContaining({ from: expect.objectContaining(us), to: { data: [expect.objectContaining(person)] } }),
    )
    for (const sign of [
      '👨‍👩‍👧',
      'image/jpeg',
      'image_data',
      'video_data',
      'audio/mpeg',
      'file_url',
      'sticker',
      'shares',
    ]) {
      expect(text).toContain(sign)
    }
    expect(text).not.toContain('"size"')
  })

  it('are left out of a conversation that has none', async () => {
    const simulator = await start({ world: { conversations: 2, messages: 0 } })
    const { data } = await page(askList(simulator, { fields: fieldsWith(5) }))
    for (const row of data) expect(row).not.toHaveProperty('messages')
  })
})
