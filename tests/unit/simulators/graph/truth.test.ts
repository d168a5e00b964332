import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  ask,
  askList,
  ConversationRow,
  failure,
  fieldsWith,
  MESSAGE_FIELDS,
  page,
  readAll,
  readPage,
  start,
} from './graph-kit.ts'

const usableId = (row: unknown) => z.object({ id: z.string().regex(/^[^\0]+$/) }).safeParse(row).success
const Person = z.object({ participants: z.object({ data: z.array(z.unknown()) }) })

describe('the truth', () => {
  it('is what a careful reader of sound data finds', async () => {
    const simulator = await start({ world: { conversations: 25, messages: 500 } })
    const read = await readPage(simulator, 10, 20)
    const expected = simulator.expected()
    expect(read.size).toBe(expected.length)
    for (const { id, participant, updatedAt, messages } of expected) {
      const found = read.get(id)
      expect(Date.parse(found?.row.updated_time ?? '')).toBe(updatedAt)
      expect(found?.row.participants).toMatchObject({ data: [{ id: participant?.psid, name: participant?.name }, {}] })
      const told = messages.map((message) => ({
        id: message.id,
        message: message.text ?? '',
        from: expect.objectContaining({ id: message.direction === 'outbound' ? simulator.pageId : participant?.psid }),
      }))
      expect(found?.messages.toReversed()).toEqual(told.map((row) => expect.objectContaining(row)))
    }
    expect(simulator.totals()).toEqual({
      conversations: 25,
      participants: 25,
      messages: 500,
      malformed: { conversations: 0, participants: 0, messages: 0 },
    })
  })

  it('leaves out conversations without a usable id, of every kind, and counts them', async () => {
    const simulator = await start({ world: { conversations: 200, messages: 200, flaws: { conversations: 0.3 } } })
    const rows = await readAll((after) => askList(simulator, { limit: 40, fields: fieldsWith(5), ...after }))
    const { conversations, malformed } = simulator.totals()
    expect(rows).toHaveLength(200)
    expect(rows.filter(usableId)).toHaveLength(conversations)
    expect(malformed.conversations).toBe(200 - conversations)
    const ids = z.object({ id: z.string() })
    const expected = simulator.expected().map(({ id }) => id)
    expect(rows.filter(usableId).map((row) => ids.parse(row).id)).toEqual(expected)
    expect(rows).toEqual(expect.arrayContaining([null, []]))
  })

  it('has no person where Graph names none in a usable form', async () => {
    const flaws = { participantsMissing: 0.3, participantsMalformed: 0.3 }
    const simulator = await start({ world: { conversations: 100, messages: 300, flaws } })
    const read = await readPage(simulator, 50, 5)
    const { participants, conversations, malformed } = simulator.totals()
    expect(conversations).toBe(100)
    expect(malformed.participants).toBeGreaterThan(10)
    expect(participants).toBeLessThan(70)
    let [withoutId, wrongShape] = [0, 0]
    for (const { id, participant, messages } of simulator.expected()) {
      const row = read.get(id)?.row
      const people = Person.safeParse(row).data?.participants.data.filter(usableId) ?? []
      expect(people.length === 2).toBe(participant !== null)
      if (participant === null && people.length === 1) withoutId += 1
      if (row?.participants === 'nobody') wrongShape += 1
      const told = participant === null ? [null, 'outbound'] : ['inbound', 'outbound']
      for (const { direction } of messages) expect(told).toContain(direction)
      if (participant === null) expect(JSON.stringify(read.get(id))).not.toContain(simulator.world.find(id)?.psid)
    }
    expect(withoutId).toBeGreaterThan(0)
    expect(wrongShape).toBeGreaterThan(0)
  })

  it('leaves out messages without a usable id or time, and keeps odd ones with text that can be stored', async () => {
    const flaws = { messages: 0.1, oddMessages: 0.1, unsupported: 0.1 }
    const simulator = await start({ world: { conversations: 5, messages: 800, flaws } })
    const given = [...(await readPage(simulator, 5, 20)).values()].flatMap(({ messages }) => messages)
    const isUsable = (row: unknown) => usableId(row) && z.object({ created_time: z.string() }).safeParse(row).success
    const { messages, malformed } = simulator.totals()
    expect(given).toHaveLength(800)
    expect(given.filter(isUsable)).toHaveLength(messages)
    expect(malformed.messages).toBe(800 - messages)
    expect(malformed.messages).toBeGreaterThan(40)
    const expected = simulator.expected().flatMap((conversation) => conversation.messages)
    expect(expected).toHaveLength(messages)
    for (const { text } of expected) expect(text ?? '').toSatisfy((s: string) => s.isWellFormed() && !s.includes('\0'))
    const texts = given.map((row) => z.object({ message: z.string() }).safeParse(row).data?.message ?? '')
    expect(texts.some((text) => text.includes('\0'))).toBe(true)
    expect(texts.some((text) => !text.isWellFormed())).toBe(true)
    const unsupported = given.filter((row) => z.object({ is_unsupported: z.literal(true) }).safeParse(row).success)
    expect(unsupported).toHaveLength(expected.filter(({ isUnavailable }) => isUnavailable).length)
    expect(unsupported.length).toBeGreaterThan(40)
  })

  it('knows only id and time of messages that are too old to be read in detail', async () => {
    const detail = { newest: 20, older: 'bare' as const }
    const simulator = await start({ world: { conversations: 1, messages: 30, emptyThreads: 0, detail } })
    const { messages } = [...(await readPage(simulator, 5, 20)).values()][0] ?? { messages: [] }
    expect(messages).toHaveLength(30)
    expect(messages[19]).toHaveProperty('from')
    expect(Object.keys(z.looseObject({}).parse(messages[20]))).toEqual(['id', 'created_time'])
    const expected = simulator.expected()[0]?.messages.toReversed() ?? []
    expect(expected[19]).toMatchObject({ isUnavailable: false })
    expect(expected[20]).toMatchObject({ isUnavailable: true, direction: null, text: null })
  })

  it('leaves out what is behind an error that looks like a deletion', async () => {
    const detail = { newest: 20, older: 'error' as const }
    const simulator = await start({ world: { conversations: 1, messages: 30, emptyThreads: 0, detail } })
    const [row] = (await page(askList(simulator, { fields: fieldsWith(15) }))).data
    const { id, messages } = ConversationRow.parse(row)
    const deep = (after: string) => ask(simulator, `${id}/messages`, { fields: MESSAGE_FIELDS, after, limit: 200 })
    const rest = await page(deep(messages?.paging?.cursors.after ?? ''))
    expect(rest.data).toHaveLength(5)
    expect(await failure(deep(rest.after ?? ''))).toMatchObject({ code: 100, error_subcode: 33, message: /deleted/ })
    expect(simulator.totals().messages).toBe(20)
    expect(
      simulator
        .expected()[0]
        ?.messages.toReversed()
        .map((message) => message.id),
    ).toEqual(
      [...(messages?.data ?? []), ...rest.data].map((message) => z.object({ id: z.string() }).parse(message).id),
    )
  })
})
