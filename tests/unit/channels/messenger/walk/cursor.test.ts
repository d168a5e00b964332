import { describe, expect, it } from 'vitest'
import { firstCursor, readCursor, timeOf } from '../../../../../src/channels/messenger/walk/cursor.ts'

const thread = { id: 't_1', participant: null, updatedAt: null, after: 'x' }
const cursor = {
  pass: 'rescan',
  after: 'QVFI',
  at_end: false,
  limit: { threads: 25, nested: 100, messages: 200 },
  since: '2026-11-20T10:00:00+00:00',
  messages_since: null,
  high_watermark: '2026-11-20T11:00:00.000Z',
  is_settled: false,
  rescans: 2,
  threads: [{ id: 't_1', participant: { id: 'PSID1', name: 'Ana' }, updatedAt: 1, after: 'x', limit: 5, restarts: 1 }],
  restarts: 2,
}

describe('a stored cursor', () => {
  it.each([
    cursor,
    { ...cursor, pass: 'walk', after: null, since: null, high_watermark: null, threads: [] },
    {
      ...cursor,
      trail: { seen: 3, place: 'QVFI' },
      threads: [{ ...thread, trail: { seen: 1, place: 'x', is_still: true } }],
    },
    { ...cursor, threads: [{ ...thread, failures: 2, doubt: { code: 1, subcode: null } }] },
    { ...cursor, pass: 'done', threads: [{ id: 't_1', participant: null, updatedAt: null, after: null }] },
  ])('is plain JSON: %j', (stored) => {
    expect(readCursor(JSON.parse(JSON.stringify(stored)))).toEqual(stored)
  })

  it('of a run that began when it said what is history is read without that', () => {
    const stored = `{
      "pass": "walk", "after": "QVFI", "at_end": true, "limit": {"threads": 12, "nested": 50, "messages": 200},
      "since": "2026-11-20T10:00:00+00:00", "messages_since": "2026-11-20T10:00:00+00:00",
      "history_before": "2026-11-19T12:00:00.000Z", "high_watermark": "2026-11-20T11:00:00.000Z",
      "is_settled": true, "rescans": 0, "given_up": ["t_0"], "restarts": 1,
      "threads": [{"id": "t_1", "participant": {"id": "PSID1", "name": "Ana"}, "updatedAt": 1795173600000, "after": "x",
        "limit": 100, "restarts": 1, "failures": 1, "doubt": {"code": 1, "subcode": null}}]
    }`
    const { history_before: _, ...rest } = JSON.parse(stored)
    expect(readCursor(JSON.parse(stored))).toEqual(rest)
  })

  it.each([
    undefined,
    null,
    {},
    'QVFI',
    { ...cursor, pass: 'other' },
    { ...cursor, after: '' },
    { ...cursor, limit: { ...cursor.limit, threads: 0 } },
    { ...cursor, since: 'yesterday' },
    { ...cursor, since: '2026-11-20T10:00:00' },
    { ...cursor, threads: [{ id: 't_1' }] },
    { ...cursor, threads: [{ ...thread, failures: -1 }] },
    { ...cursor, restarts: -1 },
  ])('of another form is none: %j', (stored) => {
    expect(readCursor(stored)).toBeUndefined()
  })

  it.each(['2026-11-20T10:00:00Z', '2026-11-20T10:00:00+00', '2026-11-20 10:00:00+00', '2026-11-20T07:00:00-03:00'])(
    'has times as Postgres or Graph may write them: %s',
    (text) => {
      expect(timeOf(text)).toBe(Date.UTC(2026, 10, 20, 10))
    },
  )
})

describe('the first cursor', () => {
  it.each([null, '2026-11-20T10:00:00+00'])('is plain JSON, and reads down to the time given: %s', (since) => {
    const first = firstCursor(since, cursor.limit)
    expect(first).toMatchObject({ pass: 'walk', after: null, since, messages_since: since, threads: [] })
    expect(readCursor(JSON.parse(JSON.stringify(first)))).toEqual(first)
  })

  it('takes no time that is none', () => {
    expect(() => firstCursor('soon', cursor.limit)).toThrow(RangeError)
  })
})
