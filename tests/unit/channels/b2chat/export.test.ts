import { describe, expect, it } from 'vitest'
import { ExportCursor } from '../../../../src/channels/b2chat/cursor.ts'
import { breakRecords } from '../../../simulators/b2chat/broken-records.ts'
import { allIds, asSet, collect, exportOf, FROM, ids, oneDay, smallDataset, startRun, take } from './client-kit.ts'

const ENTITIES = ['contacts', 'chats'] as const

describe.each(ENTITIES)('an export of %s', (entity) => {
  it('brings every record raw, day by day and oldest first, with tags and custom attributes', async () => {
    const { client, simulator } = await startRun({ rangeEnd: 'exclusive' })
    const { pages, summary } = await collect(exportOf(client, entity))
    const rows: { updated?: string; created_at?: string }[] =
      entity === 'contacts' ? simulator.dataset.contacts : simulator.dataset.chats
    const oldestFirst = rows.toSorted((a, b) => {
      const [left, right] = [a.updated ?? a.created_at ?? '', b.updated ?? b.created_at ?? '']
      return left < right ? -1 : left > right ? 1 : 0
    })
    expect(pages.flatMap(({ records }) => records)).toEqual(oldestFirst)
    expect(pages.map(({ window }) => window)).toEqual(['01', '02', '03', '04', '05', '06'].map((d) => `2026-01-${d}`))
    expect(summary).toMatchObject({ done: true, pages: 6, records: rows.length, rejected: 0, unsettled: [] })
  })

  it.each([
    { rangeEnd: 'inclusive', chatTotals: true },
    { rangeEnd: 'exclusive', chatTotals: true },
    { rangeEnd: 'inclusive', chatTotals: false },
    { rangeEnd: 'exclusive', chatTotals: false },
  ] as const)('leaves nothing out, whatever the documentation leaves open: %o', async (rules) => {
    const { client, simulator } = await startRun(rules, { pageSize: { contacts: 4, chats: 4 } })
    const { pages, summary } = await collect(exportOf(client, entity))
    expect(asSet(ids(pages))).toEqual(asSet(allIds(simulator.dataset, entity)))
    expect(summary.unsettled).toEqual([])
    if (rules.rangeEnd === 'exclusive') expect(ids(pages)).toHaveLength(allIds(simulator.dataset, entity).length)
  })

  it('leaves nothing out where B2Chat gives fewer records than asked for', async () => {
    const { client, simulator, asked } = await startRun({ maxLimit: 3 })
    const { pages } = await collect(exportOf(client, entity))
    expect(asSet(ids(pages))).toEqual(asSet(allIds(simulator.dataset, entity)))
    expect(asked(entity).length).toBeGreaterThan(15)
  })

  it('sets a record without a usable id aside with its path, and takes all others', async () => {
    const dataset = smallDataset(120)
    const { broken, unusable } = breakRecords(dataset, 5, 0.3)
    const { client } = await startRun(
      { dataset, broken, rangeEnd: 'exclusive' },
      { pageSize: { contacts: 9, chats: 9 } },
    )
    const { pages, summary } = await collect(exportOf(client, entity))
    const rejected = pages.flatMap((page) => page.rejected)
    expect(unusable[entity]).toBeGreaterThan(9)
    expect(summary).toMatchObject({
      records: allIds(dataset, entity).length - unusable[entity],
      rejected: unusable[entity],
      unsettled: [],
    })
    for (const { reason, path, item } of rejected) {
      expect(reason).toBe('malformed')
      expect(path).toMatch(
        new RegExp(`^\\$\\.${entity}\\[\\d+\\](\\.${entity === 'contacts' ? 'contact_id' : 'chat_id'})?$`),
      )
      expect(JSON.stringify(item)).not.toContain('\\u0000')
    }
    const records = pages.flatMap((page) => page.records)
    expect(JSON.stringify(records)).not.toMatch(/\\u0000|\\ud800/)
    expect(records.filter(({ sanitized }) => sanitized === true).length).toBeGreaterThan(0)
  })

  it('can be stopped after any page and goes on from there', async () => {
    const { client, simulator } = await startRun({ rangeEnd: 'exclusive' }, { pageSize: { contacts: 5, chats: 5 } })
    const whole = await collect(exportOf(client, entity))
    for (let stopAfter = 0; stopAfter < whole.pages.length; stopAfter += 1) {
      const controller = new AbortController()
      const first = exportOf(client, entity, { signal: controller.signal })
      const before = await take(first, stopAfter)
      controller.abort()
      const { summary } = await collect(first)
      expect(summary.done).toBe(false)
      expect(summary.cursor).toEqual(before.at(-1)?.cursor ?? { entity, window: FROM, offset: 0 })
      const cursor = ExportCursor.parse(JSON.parse(JSON.stringify(summary.cursor)))
      const rest = await collect(exportOf(client, entity, { cursor }))
      expect(rest.summary.done).toBe(true)
      expect([...ids(before), ...ids(rest.pages)].sort()).toEqual(allIds(simulator.dataset, entity).sort())
    }
  })

  it('names the window, the offset and the total in each page', async () => {
    const { client } = await startRun(
      { dataset: oneDay(12), rangeEnd: 'exclusive' },
      { pageSize: { contacts: 5, chats: 5 } },
    )
    const { pages } = await collect(exportOf(client, entity))
    const first = pages.filter(({ window }) => window === FROM)
    expect(first.slice(0, 3).map(({ offset }) => offset)).toEqual([0, 5, 10])
    const total = first.flatMap(({ records }) => records).length
    expect(first.every((page) => page.entity === entity && page.total === total)).toBe(true)
  })
})

describe('the requests', () => {
  it('ask for closed days of contacts by their update, and of chats by their date, in a query string', async () => {
    const { client, simulator } = await startRun()
    await collect(exportOf(client, 'contacts', { includeToday: false }))
    await collect(exportOf(client, 'chats', { includeToday: false }))
    const queries = simulator.requests.map(({ endpoint, query }) => [endpoint, Object.fromEntries(query)])
    expect(queries[1]).toEqual([
      'contacts',
      {
        limit: '1000',
        offset: '0',
        updated_from: '2026-01-01',
        updated_to: '2026-01-02',
        order_dir: 'ASC',
        skip_custom_attributes: 'false',
        skip_tags: 'false',
      },
    ])
    expect(queries.at(-1)).toEqual([
      'chats',
      {
        limit: '200',
        offset: '0',
        date_range_from: '2026-01-05',
        date_range_to: '2026-01-06',
        order_dir: 'asc',
        skip_custom_attributes: 'false',
        skip_tags: 'false',
      },
    ])
  })

  it('begin each page after the first with the last record of the page before', async () => {
    const { client, asked } = await startRun(
      { dataset: oneDay(12), rangeEnd: 'exclusive' },
      { pageSize: { contacts: 5 } },
    )
    await collect(exportOf(client, 'contacts', { includeToday: false }))
    expect(asked('contacts').slice(0, 3)).toEqual([
      { offset: 0, limit: 5 },
      { offset: 4, limit: 6 },
      { offset: 9, limit: 6 },
    ])
  })

  it('never ask for more than 1,000 records', async () => {
    const dataset = oneDay(2500)
    const { client, asked } = await startRun({ dataset })
    const { pages } = await collect(exportOf(client, 'contacts', { includeToday: false }))
    expect(Math.max(...asked('contacts').map(({ limit }) => limit))).toBe(1000)
    expect(asSet(ids(pages))).toEqual(asSet(allIds(dataset, 'contacts')))
  })

  it('of both exports share one token', async () => {
    const { client, simulator } = await startRun()
    await Promise.all([collect(exportOf(client, 'contacts')), collect(exportOf(client, 'chats'))])
    expect(simulator.requests.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(1)
  })
})

describe('the next run', () => {
  it('starts as many days back as late changes need, and not before the first day', async () => {
    const { client } = await startRun()
    const cursorOf = async (entity: 'contacts' | 'chats', from: string, rereadDays?: number) => {
      const options = { from, ...(rereadDays === undefined ? {} : { rereadDays }) }
      return (await collect(exportOf(client, entity, options))).summary.cursor
    }
    expect(await cursorOf('contacts', FROM)).toEqual({ entity: 'contacts', window: '2026-01-05', offset: 0 })
    expect(await cursorOf('chats', FROM)).toEqual({ entity: 'chats', window: FROM, offset: 0 })
    expect(await cursorOf('chats', '2025-12-20')).toEqual({ entity: 'chats', window: '2025-12-23', offset: 0 })
    expect(await cursorOf('chats', FROM, 2)).toEqual({ entity: 'chats', window: '2026-01-04', offset: 0 })
    expect(await cursorOf('contacts', '2026-03-01')).toEqual({ entity: 'contacts', window: '2026-03-01', offset: 0 })
  })

  it('never reads before the first day, and refuses a cursor of the other export', async () => {
    const { client, simulator } = await startRun()
    const cursor = { entity: 'contacts', window: FROM, offset: 40 } as const
    await collect(exportOf(client, 'contacts', { from: '2026-01-05', cursor }))
    expect(simulator.requests[1]?.query.get('updated_from')).toBe('2026-01-05')
    expect(simulator.requests[1]?.query.get('offset')).toBe('0')
    await expect(collect(exportOf(client, 'chats', { cursor }))).rejects.toThrow(RangeError)
  })

  it('is decided by the calendar of the account', async () => {
    const { client, clock, simulator } = await startRun()
    clock.advance(Date.parse('2026-01-07T03:00:00Z') - clock.now())
    const lastDay = async (timeZone: string) => {
      await collect(exportOf(client, 'contacts', { timeZone }))
      return simulator.requests.at(-1)?.query.get('updated_from')
    }
    expect(await lastDay('America/Bogota')).toBe('2026-01-06')
    expect(await lastDay('Europe/Madrid')).toBe('2026-01-07')
    await expect(lastDay('Mars/Olympus')).rejects.toThrow(RangeError)
  })
})
