import { describe, expect, it } from 'vitest'
import { readMessage } from '../../../src/cli/import/message-record.ts'

const read = (record: unknown, keepUnknown = false) => readMessage(record, { keepUnknown })
const base = { participant: { wa_id: '573001112233' }, direction: 'inbound', sent_at: '2024-05-01T10:00:00Z' }

function messageId(record: Record<string, unknown>): unknown {
  const reading = read({ ...base, text: 'ok', ...record })
  return reading.ok ? reading.entry.events[0]?.provider_message_id : reading
}

describe('a message record', () => {
  it('becomes an event of its conversation, as history', () => {
    const record = {
      thread_id: 't1',
      participant: { identities: [{ kind: 'psid', value: 'P1' }], full_name: 'Ana', phone: 573001112233 },
      provider_message_id: 'm1',
      direction: 'inbound',
      sent_at: 1714557600123,
      text: 'Hola',
      attachments: [{ type: 'image', url: 'https://example.com/1.jpg' }],
      reply_to: 'm0',
      payload: { agent: 'Luz' },
    }
    expect(read(record)).toEqual({
      ok: true,
      ignored: [],
      isSanitized: false,
      entry: {
        thread_id: 't1',
        participant: {
          identities: [{ kind: 'psid', value: 'P1' }],
          full_name: 'Ana',
          phone: '573001112233',
        },
        hasGeneratedId: false,
        events: [
          {
            type: 'message',
            direction: 'inbound',
            provider_message_id: 'm1',
            occurred_at: 1714557600123,
            text: 'Hola',
            attachments: [{ type: 'image', url: 'https://example.com/1.jpg' }],
            reply_to: 'm0',
            is_history: true,
            payload: { agent: 'Luz' },
          },
        ],
      },
    })
  })

  it('is no history where it says so', () => {
    const reading = read({ ...base, is_history: false })
    expect(reading.ok && reading.entry.events[0]).not.toHaveProperty('is_history')
  })

  it('has its status as an event, at its own time or the message’s', () => {
    const sent = { ...base, direction: 'outbound', provider_message_id: 'm1', status: 'read' }
    const status = { type: 'status', provider_message_id: 'm1', status: 'read' }
    expect(read(sent)).toMatchObject({ entry: { events: [{}, { ...status, occurred_at: base.sent_at }] } })
    expect(read({ ...sent, status_at: 1714557700 })).toMatchObject({
      entry: { events: [{}, { ...status, occurred_at: 1714557700 }] },
    })
  })

  it('has no status when it is inbound: one given is an unknown field', () => {
    const given = { ...base, status: 'read', status_at: 1714557700 }
    expect(read(given)).toMatchObject({ ignored: ['status', 'status_at'], entry: { events: [{ type: 'message' }] } })
    expect(read(given, true)).toMatchObject({ ignored: [], entry: { events: [{ payload: { status: 'read' } }] } })
  })

  it('names the fields that it leaves out, or keeps them', () => {
    const given = { ...base, participant: { ...base.participant, age: 7 }, agent: 'Luz', x: null }
    const left = read(given)
    expect(left).toMatchObject({ ignored: ['agent', 'participant.age'] })
    expect(left.ok && left.entry.events[0]).not.toHaveProperty('payload')
    expect(read({ ...given, payload: { agent: 'own' } }, true)).toMatchObject({
      ignored: [],
      entry: { participant: { custom_attributes: { age: 7 } }, events: [{ payload: { agent: 'own' } }] },
    })
  })

  it('is cleaned of what Postgres cannot hold, and notes it', () => {
    expect(read({ ...base, text: 'a\0b' })).toMatchObject({
      isSanitized: true,
      entry: { events: [{ text: 'ab', payload: { sanitized: true } }] },
    })
  })

  it.each<[string, unknown, string]>([
    ['no object', 7, '$'],
    ['no conversation', { ...base, participant: null }, '$'],
    ['no direction', { ...base, direction: null }, '$.direction'],
    ['another direction', { ...base, direction: 'in' }, '$.direction'],
    ['no time', { ...base, sent_at: undefined }, '$.sent_at'],
    ['a local time', { ...base, sent_at: '2024-05-01T10:00:00' }, '$.sent_at'],
    ['an id that is a number', { ...base, provider_message_id: 17 }, '$.provider_message_id'],
    ['an id that cannot be stored', { ...base, provider_message_id: 'a\uD800' }, '$.provider_message_id'],
    ['an occurrence below one', { ...base, occurrence: 0 }, '$.occurrence'],
    ['a status of another name', { ...base, status: 'queued' }, '$.status'],
    ['a text that is none', { ...base, text: 5 }, '$.text'],
    ['attachments that are no list', { ...base, attachments: {} }, '$.attachments'],
    ['a participant that is a text', { ...base, participant: 'Ana' }, '$.participant'],
    ['a participant with a bad field', { ...base, participant: { tags: 'x' } }, '$.participant.tags'],
  ])('is refused with the path: %s', (_, record, path) => {
    expect(read(record)).toMatchObject({ ok: false, path, what: expect.any(String) })
  })
})

describe('a message without an id of the provider', () => {
  it('gets one that only its conversation, time, direction, text and occurrence decide', () => {
    const id = messageId({})
    expect(id).toMatch(/^import:[0-9a-f]{64}$/)
    for (const same of [
      { provider_message_id: '' },
      { occurrence: 1 },
      { sent_at: 1714557600 },
      { sent_at: '2024-05-01 12:00:00.000+02' },
      { sent_at: '2024-05-01T12:30:00+0230' },
      { thread_id: 'another table names the thread' },
      { participant: { identities: [{ kind: 'wa_id', value: '+573001112233' }], full_name: 'Ana' } },
      { attachments: [{ type: 'image' }], payload: { table: 'ChatMessage' } },
    ]) {
      expect(messageId(same), JSON.stringify(same)).toBe(id)
    }
  })

  it('gets another one for anything else', () => {
    const ids = [
      {},
      { occurrence: 2 },
      { sent_at: '2024-05-01T10:00:00.001Z' },
      { direction: 'outbound' },
      { text: 'ok ' },
      { participant: { wa_id: '573001112234' } },
      { participant: { identities: [{ kind: 'psid', value: '573001112233' }] } },
      { participant: undefined, thread_id: 't1' },
      { participant: undefined, thread_id: 't2' },
    ].map(messageId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
