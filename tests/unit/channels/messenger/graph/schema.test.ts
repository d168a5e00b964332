import { describe, expect, it } from 'vitest'
import { readConversations, readMessages } from '../../../../../src/channels/messenger/graph/schema.ts'

const good = { id: 'm_A', created_time: '2026-11-20T10:00:00+0000', from: { id: 'PSID1' }, message: 'Hola' }
const conversation = (messages: unknown, more: Record<string, unknown> = {}) => ({
  id: 't_1',
  updated_time: '2026-11-20T10:00:00+0000',
  participants: { data: [{ id: 'PSID1', name: 'Ana' }] },
  messages,
  ...more,
})

const rejections = (answer: { rejected: unknown[] } | undefined) => answer?.rejected

describe('an answer that is no list', () => {
  it.each([null, undefined, 7, 'x', [], {}, { data: {} }, { data: null }])('%j is none', (answer) => {
    expect(readConversations(answer)).toBeUndefined()
    expect(readMessages(answer)).toBeUndefined()
  })
})

describe('the documented sample', () => {
  it('is read', () => {
    const next = 'https://graph.facebook.com/v24.0/x?limit=1&after=QVFI'
    const data = [{ id: 't_1', updated_time: '2026-11-20T10:00:00+0000' }]
    expect(readConversations({ data, paging: { cursors: { before: 'b', after: 'QVFI' }, next } })).toEqual({
      conversations: [
        { id: 't_1', updatedAt: Date.UTC(2026, 10, 20, 10), participants: [], messages: [], rest: undefined },
      ],
      rest: { after: 'QVFI' },
      total: null,
      rejected: [],
    })
  })
})

describe('a message of a wrong form', () => {
  it.each<[unknown, string]>([
    [null, ''],
    ['text', ''],
    [{ ...good, id: undefined }, '.id'],
    [{ ...good, id: '' }, '.id'],
    [{ ...good, id: 'a\u0000b' }, '.id'],
    [{ ...good, created_time: undefined }, '.created_time'],
    [{ ...good, created_time: 'yesterday' }, '.created_time'],
    [{ ...good, created_time: '2026-13-45T10:00:00+0000' }, '.created_time'],
    [{ ...good, created_time: 1_763_700_000 }, '.created_time'],
    [{ ...good, message: 7 }, '.message'],
    [{ ...good, from: { id: 7 } }, '.from.id'],
    [{ ...good, from: undefined }, '.from'],
    [{ ...good, to: 'x' }, '.to'],
    [{ ...good, attachments: [] }, '.attachments'],
    [{ ...good, attachments: { data: [{ image_data: 'x' }] } }, '.attachments.data[0].image_data'],
  ])('is set aside with its path, and its neighbours are read: %j', (broken, path) => {
    const item = broken === undefined ? null : expect.anything()
    const inList = readConversations({ data: [conversation({ data: [good, broken] }), conversation({ data: [good] })] })
    const reason = { what: 'messages', reason: 'malformed', item: broken === null ? null : item }
    expect(rejections(inList)).toEqual([{ ...reason, path: `$.data[0].messages.data[1]${path}` }])
    expect(inList?.conversations.map(({ messages }) => messages.length)).toEqual([1, 1])
    const inThread = readMessages({ data: [broken, good] })
    expect(rejections(inThread)).toEqual([{ ...reason, path: `$.data[0]${path}` }])
    expect(inThread?.messages).toHaveLength(1)
  })

  it('is kept storable', () => {
    const answer = readMessages({ data: [{ ...good, id: 'a\u0000b' }] })
    expect(answer?.rejected[0]?.item).toEqual({ ...good, id: 'ab', sanitized: true })
  })
})

describe('what is set aside is the same thing each time', () => {
  const signed = (n: number) => ({
    ...good,
    created_time: 'no time',
    message: 'see https://shop.test/?id=7',
    sticker: `https://scontent.test/s.png?oh=${n}`,
    attachments: { data: [{ id: '1', image_data: { url: `https://scontent.test/v/a.jpg?_nc_sid=1&oh=${n}&oe=6#x` } }] },
  })
  const item = (answer: { rejected: { item: unknown }[] } | undefined) => answer?.rejected[0]?.item

  it('whatever its links are signed with', () => {
    const [one, other] = [1, 2].map((n) => item(readMessages({ data: [signed(n)] })))
    expect(one).toEqual(other)
    expect(one).toEqual({
      ...signed(1),
      sticker: 'https://scontent.test/s.png',
      attachments: { data: [{ id: '1', image_data: { url: 'https://scontent.test/v/a.jpg' } }] },
    })
  })

  it('what somebody wrote stays whole, a link as well', () => {
    const message = 'https://shop.test/?id=7'
    expect(item(readMessages({ data: [{ ...signed(1), message }] }))).toMatchObject({ message })
  })

  it('wherever the list goes on', () => {
    const paging = (n: number) => ({ cursors: { after: `c${n}` }, next: `https://graph.test/?after=c${n}` })
    const [one, other] = [1, 2].map((n) =>
      item(readConversations({ data: [{ ...conversation({ data: [good], paging: paging(n) }), id: null }] })),
    )
    expect(one).toEqual(other)
    expect(JSON.stringify(one)).not.toContain('paging')
  })
})

describe('a participant of a wrong form', () => {
  it.each<[unknown, string]>([
    ['nobody', '.participants'],
    [{ data: 'nobody' }, '.participants.data'],
    [{ data: [{ name: 'Facebook user' }] }, '.participants.data[0].id'],
    [{ data: [null] }, '.participants.data[0]'],
    [{ data: [{ id: 'x', name: {} }] }, '.participants.data[0].name'],
  ])('is set aside, and its conversation is read: %j', (participants, path) => {
    const answer = readConversations({ data: [conversation({ data: [good] }, { participants })] })
    expect(answer?.rejected).toMatchObject([{ what: 'participants', reason: 'malformed', path: `$.data[0]${path}` }])
    expect(answer?.conversations).toMatchObject([{ id: 't_1', participants: [], messages: [{ id: 'm_A' }] }])
  })

  it('leaves the others in', () => {
    const participants = { data: [{ name: 'x' }, { id: 'PSID1', name: 'Ana' }] }
    const answer = readConversations({ data: [conversation(undefined, { participants })] })
    expect(answer?.conversations[0]?.participants).toEqual([{ id: 'PSID1', name: 'Ana' }])
  })
})

describe('a conversation of a wrong form', () => {
  it.each<[unknown, string]>([
    [null, ''],
    [[], ''],
    [{ ...conversation({ data: [good] }), id: null }, '.id'],
  ])('is set aside whole: %j', (broken, path) => {
    const answer = readConversations({ data: [broken, conversation({ data: [good] })] })
    expect(answer?.rejected).toMatchObject([{ what: 'conversations', reason: 'malformed', path: `$.data[0]${path}` }])
    expect(answer?.conversations).toHaveLength(1)
  })

  it('loses only its time or its messages where those are wrong', () => {
    const answer = readConversations({
      data: [conversation('none', { updated_time: {} })],
      summary: { total_count: 3 },
    })
    expect(answer?.rejected.map(({ what, path }) => [what, path])).toEqual([
      ['messages', '$.data[0].messages'],
      ['conversations', '$.data[0].updated_time'],
    ])
    expect(answer).toMatchObject({ total: 3, conversations: [{ id: 't_1', updatedAt: null, messages: [] }] })
  })
})

describe('a list goes on', () => {
  const rest = (paging: unknown) => readMessages({ data: [], paging })?.rest
  it('only where there is a next page', () => {
    expect(rest(undefined)).toBeUndefined()
    expect(rest(null)).toBeUndefined()
    expect(rest({ cursors: { after: 'x' } })).toBeUndefined()
    expect(rest({ cursors: { after: 'x' }, next: 'https://graph.test/?after=y' })).toEqual({ after: 'x' })
  })

  it('by the address of the next page where the cursor is missing', () => {
    expect(rest({ next: 'https://graph.test/?after=y%3D' })).toEqual({ after: 'y=' })
  })

  it('somewhere unknown where its paging is of a wrong form', () => {
    for (const paging of [{ next: 'nowhere' }, { next: 7 }, 'x', { cursors: { after: 7 }, next: 'x' }]) {
      expect(rest(paging)).toEqual({ after: null })
    }
    const nested = readConversations({ data: [conversation({ data: [good], paging: 7 })], paging: { cursors: 7 } })
    expect(nested).toMatchObject({ rest: { after: null }, conversations: [{ rest: { after: null } }] })
  })
})

describe('times', () => {
  it.each([
    ['2026-11-20T10:00:00+0000', Date.UTC(2026, 10, 20, 10)],
    ['2026-11-20T10:00:00-0330', Date.UTC(2026, 10, 20, 13, 30)],
    ['2026-11-20T10:00:00.250Z', Date.UTC(2026, 10, 20, 10, 0, 0, 250)],
    ['2026-11-20T10:00:00+00:00', Date.UTC(2026, 10, 20, 10)],
  ])('%s', (created_time, at) => {
    expect(readMessages({ data: [{ ...good, created_time }] })?.messages[0]?.created_time).toBe(at)
  })
})
