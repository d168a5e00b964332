import { describe, expect, it } from 'vitest'
import { ExportCursor } from '../../../../src/channels/b2chat/cursor.ts'
import { addDays, dayIn, dayWindows } from '../../../../src/channels/b2chat/day-windows.ts'
import { PageSize } from '../../../../src/channels/b2chat/page-size.ts'
import { ExportWalk } from '../../../../src/channels/b2chat/walk.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { readRetryAfter } from '../../../../src/lib/exchange.ts'

describe('day windows', () => {
  it('are the days from the first to yesterday, each with the day after as its end', () => {
    expect([...dayWindows('2026-02-27', '2026-03-01', false)]).toEqual([
      { day: '2026-02-27', to: '2026-02-28', isOpen: false },
      { day: '2026-02-28', to: '2026-03-01', isOpen: false },
    ])
  })

  it('may have today as a last, open one', () => {
    expect([...dayWindows('2026-03-01', '2026-03-01', true)]).toEqual([
      { day: '2026-03-01', to: '2026-03-02', isOpen: true },
    ])
    expect([...dayWindows('2026-03-01', '2026-03-01', false)]).toEqual([])
    expect([...dayWindows('2026-03-02', '2026-03-01', true)]).toEqual([])
  })

  it.each([
    ['2026-01-01T04:59:59Z', 'America/Bogota', '2025-12-31'],
    ['2026-01-01T05:00:00Z', 'America/Bogota', '2026-01-01'],
    ['2026-01-01T04:59:59Z', 'UTC', '2026-01-01'],
    ['2026-01-01T10:00:00Z', 'Pacific/Kiritimati', '2026-01-02'],
    ['2026-03-29T21:59:59Z', 'Europe/Madrid', '2026-03-29'],
    ['2026-03-28T23:30:00Z', 'Europe/Madrid', '2026-03-29'],
    ['2026-10-25T22:59:59Z', 'Europe/Madrid', '2026-10-25'],
  ])('at %s in %s it is %s', (at, zone, day) => {
    expect(dayIn(zone, Date.parse(at))).toBe(day)
  })

  it('count by the calendar, over leap days, years and clock changes', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
    expect([...dayWindows('2024-01-01', '2026-01-01', false)]).toHaveLength(731)
  })

  it.each(['2026-02-30', '2026-1-1', '01/02/2026', ''])('refuse %j as a day', (day) => {
    expect(() => [...dayWindows(day, '2026-03-01', true)]).toThrow()
    expect(() => addDays(day, 1)).toThrow()
  })

  it('refuse a time zone that does not exist', () => {
    expect(() => dayIn('Colombia/Bogota', 0)).toThrow(RangeError)
  })
})

describe('the page size', () => {
  it('goes down step by step, and not below one record', () => {
    const size = new PageSize(1000)
    const sizes = Array.from({ length: 10 }, () => {
      size.shrink()
      return size.current
    })
    expect(sizes).toEqual([500, 200, 100, 50, 20, 10, 5, 1, 1, 1])
  })

  it('goes up one step after ten pages in a row, and not beyond where it began', () => {
    const size = new PageSize(200)
    const succeed = (pages: number) => {
      for (let i = 0; i < pages; i += 1) size.succeeded()
      return size.current
    }
    size.shrink()
    size.shrink()
    expect(succeed(9)).toBe(50)
    size.shrink()
    expect(succeed(9)).toBe(20)
    expect(succeed(1)).toBe(50)
    expect(succeed(10)).toBe(100)
    expect(succeed(30)).toBe(200)
  })

  it.each([0, 1001, 2.5, Number.NaN])('of %d is refused', (size) => {
    expect(() => new PageSize(size)).toThrow(RangeError)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it.each([
    ['0', 0],
    [' 12 ', 12_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2020 00:00:30 GMT', 0],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
    [null, null],
  ])('%j is %j', (header, milliseconds) => {
    expect(readRetryAfter(header, now)).toBe(milliseconds)
  })
})

describe('the cursor', () => {
  it.each([
    { entity: 'contacts', window: '2026-01-01', offset: 0 },
    { entity: 'chats', window: '2026-01-01', offset: 7, reading: 2, lastId: 'x', total: 9, moved: true },
  ])('is plain JSON: %j', (cursor) => {
    expect(ExportCursor.parse(cursor)).toEqual(cursor)
  })

  it.each([
    { entity: 'leads', window: '2026-01-01', offset: 0 },
    { entity: 'chats', window: '2026-13-01', offset: 0 },
    { entity: 'chats', window: '2026-01-01', offset: -1 },
    { entity: 'chats', window: '2026-01-01' },
    null,
  ])('is not %j', (cursor) => {
    expect(ExportCursor.safeParse(cursor).success).toBe(false)
  })
})

describe('a walk that is over', () => {
  it('takes no further answer', () => {
    const walk = new ExportWalk('contacts', { from: '2026-01-02' }, Date.parse('2026-01-01T00:00:00Z'))
    expect(walk.next()).toBeUndefined()
    expect(() => walk.take({ elements: [], total: 0 })).toThrow(RangeError)
  })
})

describe('the system clock', () => {
  const never = new AbortController().signal

  it('sleeps at least as long as asked for', async () => {
    const before = performance.now()
    await systemClock.sleep(20, never)
    expect(performance.now() - before).toBeGreaterThan(15)
  })

  it('is woken by the signal', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(3_600_000, controller.signal)
    controller.abort(new Error('wake up'))
    await expect(sleeping).rejects.toThrow('wake up')
    await expect(systemClock.sleep(3_600_000, controller.signal)).rejects.toThrow('wake up')
  })

  it('has deadlines', async () => {
    const deadline = systemClock.deadline(1)
    if (!deadline.aborted) await new Promise((resolve) => deadline.addEventListener('abort', resolve))
    expect(deadline.reason).toMatchObject({ name: 'TimeoutError' })
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000)
  })
})
