import { describe, expect, it } from 'vitest'
import { addDays } from '../../../../src/channels/b2chat/day-windows.ts'
import { type Fault, scriptedFaults } from '../../../simulators/b2chat/faults.ts'
import type { Dataset } from '../../../simulators/b2chat/people.ts'
import { createRandom } from '../../../simulators/random.ts'
import {
  allIds,
  asSet,
  collect,
  exportOf,
  FROM,
  ids,
  oneDay,
  smallDataset,
  startRun,
  take,
  time,
} from './client-kit.ts'

const change = (change: (dataset: Dataset) => void): Fault => ({ kind: 'change', change })

/** The n-th contact is updated on another day, which takes it out of the first day's window. */
const leave = ({ contacts }: Dataset, n: number) => {
  const row = contacts[n]
  if (row) row.updated = '2026-01-04 08:00:00'
}

/** A new contact, updated at this second of the first day. */
const arrive = ({ contacts }: Dataset, second: number) => {
  const [first] = contacts
  if (first) contacts.push({ ...first, contact_id: 90_000 + contacts.length, updated: time(second) })
}

/** 20 contacts of one day in pages of 5; the change comes before the n-th request. */
async function walk(changes: Record<number, Fault>) {
  const run = await startRun(
    { dataset: oneDay(20), faults: scriptedFaults({ contacts: changes }) },
    { pageSize: { contacts: 5 } },
  )
  const { pages, summary } = await collect(exportOf(run.client, 'contacts', { includeToday: false }))
  const firstDay = pages.filter(({ window }) => window === FROM)
  const expected = asSet(allIds(run.simulator.dataset, 'contacts'))
  return { firstDay, read: asSet(ids(pages)), expected, summary }
}

describe('while a day is read', () => {
  it('a row that leaves it makes it read again: the row pulled forward is not lost', async () => {
    const { firstDay, read, expected, summary } = await walk({ 2: change((dataset) => leave(dataset, 1)) })
    expect(read).toEqual(expected)
    expect(firstDay).toHaveLength(8)
    expect(summary.unsettled).toEqual([])
  })

  it('a row that leaves while another arrives is noticed, though the total stays the same', async () => {
    const swap = change((dataset) => {
      leave(dataset, 1)
      arrive(dataset, 1800)
    })
    const { firstDay, read, expected, summary } = await walk({ 3: swap })
    expect(read).toEqual(expected)
    expect(firstDay.length).toBeGreaterThan(5)
    expect(summary.unsettled).toEqual([])
  })

  it('a row that arrives among those already read makes it read again', async () => {
    const { read, expected, summary } = await walk({ 3: change((dataset) => arrive(dataset, 0)) })
    expect(read).toEqual(expected)
    expect(summary.unsettled).toEqual([])
  })

  it('rows that arrive at its end are read at once, without reading it again', async () => {
    const append = change((dataset) => {
      arrive(dataset, 1800)
      arrive(dataset, 1801)
    })
    const { firstDay, read, expected } = await walk({ 3: append })
    expect(read).toEqual(expected)
    expect(firstDay.map(({ records }) => records.length)).toEqual([5, 5, 5, 5, 2])
  })

  it('a day that never stops moving is read three times, reported, and left for the rest', async () => {
    const moving = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [i + 1, change((dataset) => leave(dataset, i % 20))]),
    )
    const { firstDay, summary } = await walk(moving)
    expect(firstDay.filter(({ offset }) => offset === 0)).toHaveLength(3)
    expect(summary.done).toBe(true)
    expect(summary.unsettled).toEqual([expect.objectContaining({ window: FROM })])
  })

  it('a total that never fits is believed after two equal readings, and reported', async () => {
    const { client, simulator } = await startRun({ dataset: oneDay(8) })
    simulator.setFaults(({ endpoint, query }) => {
      if (endpoint === 'token') return undefined
      const contacts = simulator.dataset.contacts.slice(Number(query.get('offset')))
      return { kind: 'answer', body: { total: 22_197, exported: contacts.length, contacts } }
    })
    const { pages, summary } = await collect(exportOf(client, 'contacts', { includeToday: false }))
    expect(pages.filter(({ window, offset }) => window === FROM && offset === 0)).toHaveLength(2)
    expect(summary.unsettled[0]).toEqual({ window: FROM, seen: 8, total: 22_197 })
  })

  it('a list that ignores the offset ends', async () => {
    const { client, simulator } = await startRun({ dataset: oneDay(8) })
    simulator.setFaults(({ endpoint }) =>
      endpoint === 'token' ? undefined : { kind: 'answer', body: { contacts: simulator.dataset.contacts } },
    )
    const { summary } = await collect(exportOf(client, 'contacts', { includeToday: false }))
    expect(summary.done).toBe(true)
    expect(summary.unsettled).toHaveLength(5)
  })

  it('today is read once, whatever moves: the next run reads it again', async () => {
    const dataset = oneDay(20)
    const moving = Object.fromEntries([2, 3, 4].map((n) => [n, change((data) => leave(data, n))]))
    const run = await startRun({ dataset, faults: scriptedFaults({ contacts: moving }) }, { pageSize: { contacts: 5 } })
    run.clock.advance(Date.parse('2026-01-01T20:00:00Z') - run.clock.now())
    const { pages, summary } = await collect(exportOf(run.client, 'contacts'))
    expect(pages.filter(({ offset }) => offset === 0)).toHaveLength(1)
    expect(summary).toMatchObject({ done: true, unsettled: [], cursor: { window: FROM } })
  })

  it.each([
    ['leaves', (dataset: Dataset) => leave(dataset, 1)],
    ['arrives', (dataset: Dataset) => arrive(dataset, 0)],
  ])('a row that %s is noticed by the total where the record before has no id', async (_what, move) => {
    const dataset = oneDay(20)
    const broken = new Map(dataset.contacts.filter((_row, i) => i % 5 === 4).map((row) => [row, { fullname: 'Ana' }]))
    const run = await startRun({ dataset, broken, rangeEnd: 'exclusive' }, { pageSize: { contacts: 5 } })
    run.simulator.setFaults(scriptedFaults({ contacts: { 2: change(move) } }))
    const { pages } = await collect(exportOf(run.client, 'contacts', { includeToday: false }))
    expect(pages.filter(({ window, offset }) => window === FROM && offset === 0)).toHaveLength(2)
    expect(new Set(ids(pages)).size).toBe(dataset.contacts.length - 4)
  })

  it('what was noticed is not forgotten when the run stops and goes on', async () => {
    const run = await startRun({ dataset: oneDay(20) }, { pageSize: { contacts: 5 } })
    run.simulator.setFaults(scriptedFaults({ contacts: { 2: change((dataset) => leave(dataset, 1)) } }))
    const before = await take(exportOf(run.client, 'contacts', { includeToday: false }), 3)
    expect(before[2]?.cursor).toMatchObject({ window: FROM, moved: true })
    const rest = await collect(exportOf(run.client, 'contacts', { includeToday: false, cursor: before[2]?.cursor }))
    expect(rest.pages.filter(({ window, offset }) => window === FROM && offset === 0)).toHaveLength(1)
    expect(asSet([...ids(before), ...ids(rest.pages)])).toEqual(asSet(allIds(run.simulator.dataset, 'contacts')))
  })

  it('rows that moved between two runs are noticed by the second', async () => {
    const run = await startRun({ dataset: oneDay(20) }, { pageSize: { contacts: 5 } })
    const first = exportOf(run.client, 'contacts', { includeToday: false })
    const before = await take(first, 1)
    leave(run.simulator.dataset, 1)
    arrive(run.simulator.dataset, 1800)
    const rest = await collect(exportOf(run.client, 'contacts', { includeToday: false, cursor: before[0]?.cursor }))
    expect(asSet([...ids(before), ...ids(rest.pages)])).toEqual(asSet(allIds(run.simulator.dataset, 'contacts')))
    expect(rest.pages.filter(({ window, offset }) => window === FROM && offset === 0)).toHaveLength(1)
  })
})

describe('contacts that are updated at any time during an export', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are read all, or their day is reported (seed %i)', async (seed) => {
    const random = createRandom(seed)
    const run = await startRun(
      { dataset: smallDataset(140, seed), rangeEnd: 'exclusive' },
      { pageSize: { contacts: 4 } },
    )
    const isKnown = new Set(allIds(run.simulator.dataset, 'contacts'))
    let changes = 0
    const touch = ({ contacts }: Dataset) => {
      const row = contacts[random.below(contacts.length)]
      const lastDay = '2026-01-05'
      if (row && row.updated.slice(0, 10) < lastDay)
        row.updated = `${addDays(row.updated.slice(0, 10), 1)} 0${random.below(10)}:00:00`
      changes += 1
    }
    run.simulator.setFaults(({ endpoint }) =>
      endpoint === 'contacts' && random.chance(0.2) ? change(touch) : undefined,
    )
    const { pages, summary } = await collect(exportOf(run.client, 'contacts'))
    const read = new Set(ids(pages))
    const missing = [...isKnown].filter((id) => !read.has(id))
    expect(changes).toBeGreaterThan(0)
    if (summary.unsettled.length === 0) expect(missing).toEqual([])
  })
})
