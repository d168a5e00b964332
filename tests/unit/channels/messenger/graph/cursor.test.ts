import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, readCursor, timeOf } from '../../../../../src/channels/messenger/graph/cursor.ts'

const thread = { id: 't_1', participant: null, updatedAt: null, after: 'x' }
const cursor = {
  pass: 'rescan',
  after: 'QVFI',
  at_end: false,
  limit: DEFAULT_LIMITS,
  since: '2026-11-20T10:00:00+00:00',
  messages_since: null,
  high_watermark: '2026-11-20T11:00:00.000Z',
  history_before: '2026-01-05T12:00:00.000Z',
  is_settled: false,
  rescans: 2,
  threads: [{ id: 't_1', participant: { id: 'PSID1', name: 'Ana' }, updatedAt: 1, after: 'x', limit: 5, restarts: 1 }],
  restarts: 2,
}

describe('a stored cursor', () => {
  it.each([
    cursor,
    { ...cursor, pass: 'walk', after: null, since: null, high_watermark: null, threads: [] },
    { ...cursor, threads: [{ ...thread, failures: 2, doubt: { code: 1, subcode: null } }] },
    { ...cursor, pass: 'done', threads: [{ id: 't_1', participant: null, updatedAt: null, after: null }] },
  ])('is plain JSON: %j', (stored) => {
    expect(readCursor(JSON.parse(JSON.stringify(stored)))).toEqual(stored)
  })

  it.each([
    undefined,
    null,
    {},
    'QVFI',
    { ...cursor, pass: 'other' },
    { ...cursor, after: '' },
    { ...cursor, limit: { ...DEFAULT_LIMITS, threads: 0 } },
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
