import { describe, expect, it } from 'vitest'
import { firstCursor, type GraphCursor } from '../../../../../src/channels/messenger/walk/cursor.ts'
import { OVERLAP, readListPage } from '../../../../../src/channels/messenger/walk/list-page.ts'
import { iso, minutes, now, sizes } from './kit.ts'

const watermark = minutes(30)
const walk = firstCursor(iso(watermark - OVERLAP), sizes)
const rescan: GraphCursor = { ...walk, pass: 'rescan' }
const inside = { after: 'x', is_settled: true, high_watermark: iso(watermark) }
const read = (cursor: GraphCursor, told: number[], hasRest = true) =>
  readListPage(cursor, { told, hasRest, askedAt: now })

describe('a pass is settled', () => {
  it.each<[string, GraphCursor, number[]]>([
    ['a walk whose head is not newer than the watermark', walk, [minutes(30), minutes(31)]],
    ['a rescan whose head is not', rescan, [minutes(30)]],
    ['a walk whose first page reaches back behind its overlap', walk, [minutes(1), minutes(36)]],
    ['a rescan whose first page reaches back behind the watermark', rescan, [minutes(1), minutes(31)]],
    ['a quiet one whose later page has more of the same', { ...rescan, ...inside }, [minutes(30), minutes(31)]],
  ])('by %s', (_name, cursor, told) => {
    expect(read(cursor, told).is_settled).toBe(true)
  })

  it.each<[string, GraphCursor, number[]]>([
    ['a walk whose first page ends in its overlap', walk, [minutes(1), minutes(34)]],
    ['a rescan whose first page ends newer than the watermark', rescan, [minutes(1), minutes(30)]],
    ['an empty page', rescan, []],
    ['one of which all is ahead of the clock', rescan, [minutes(-100)]],
    ['a full walk', { ...walk, since: null }, [minutes(60)]],
    ['a quiet one whose later page has something newer', { ...rescan, ...inside }, [minutes(29)]],
    [
      'one whose later page has more of what changed',
      { ...rescan, ...inside, high_watermark: iso(minutes(1)) },
      [minutes(30)],
    ],
    ['one that was not settled by its first page', { ...rescan, ...inside, is_settled: false }, [minutes(50)]],
  ])('not by %s', (_name, cursor, told) => {
    expect(read(cursor, told).is_settled).toBe(false)
  })

  it('where the list ends on its first page', () => {
    expect(read({ ...walk, since: null }, [minutes(1)], false).is_settled).toBe(true)
  })
})

describe('the watermark of a pass', () => {
  it('is the newest time of its first page, and stays', () => {
    expect(read(walk, [minutes(2), minutes(1)]).high_watermark).toBe(iso(minutes(1)))
    expect(read({ ...walk, ...inside }, [minutes(1)]).high_watermark).toBe(iso(watermark))
    expect(read(walk, []).high_watermark).toBeNull()
  })

  it('is never ahead of the clock', () => {
    expect(read(walk, [now + 1, now, minutes(1)]).high_watermark).toBe(iso(now))
    expect(read(walk, [now + 1]).high_watermark).toBe(iso(now))
  })
})

describe('a pass is over', () => {
  it('with a page of which all is older than its overlap', () => {
    expect(read({ ...rescan, ...inside }, [minutes(36), minutes(37)]).isOver).toBe(true)
    expect(read({ ...rescan, ...inside }, [minutes(35), minutes(37)]).isOver).toBe(false)
    expect(read(walk, []).isOver).toBe(false)
  })

  it('with the first page of a quiet walk, when more than one row is', () => {
    expect(read(walk, [minutes(30), minutes(36), minutes(37)]).isOver).toBe(true)
    expect(read(walk, [minutes(30), minutes(36)]).isOver).toBe(false)
    expect(read(walk, [minutes(29), minutes(36), minutes(37)]).isOver).toBe(false)
    expect(read(rescan, [minutes(30), minutes(36), minutes(37)]).isOver).toBe(false)
  })
})
