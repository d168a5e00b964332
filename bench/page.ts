/** Pages of 200 new conversations with 10 messages each, beside bare inserts of the same rows; and the same pages again. */
import type pg from 'pg'
import { type Account, createAccount } from './lib/account.ts'
import { BARE_PAGE, barePageValues, pageOf, type TimeFormat } from './lib/pages.ts'
import type { Figure, Report, Section } from './lib/report.ts'
import { requireSameRows } from './lib/same-rows.ts'
import { type BenchDatabase, connect, startBenchServer } from './lib/server.ts'
import { spreadOf, sum, timed } from './lib/statistics.ts'

const PAGES = 40
/** Where statistics are to be fresh, they are taken again after this many pages. */
const ANALYZE_EVERY = 4
const OURS = 'select error from crm.bulk_upsert_conversations_with_events($1, $2) where error is not null'

interface Variant {
  label: string
  title: string
  format: TimeFormat
  analyzed: boolean
}

const VARIANTS: readonly Variant[] = [
  { label: 'iso-fresh', title: 'ISO times, fresh statistics', format: 'iso', analyzed: true },
  { label: 'iso-never', title: 'ISO times, never analyzed', format: 'iso', analyzed: false },
  { label: 'ms-fresh', title: 'Millisecond times, fresh statistics', format: 'milliseconds', analyzed: true },
  { label: 'ms-never', title: 'Millisecond times, never analyzed', format: 'milliseconds', analyzed: false },
]

/** Milliseconds per page. */
interface Times {
  bare: number[]
  ours: number[]
  replay: number[]
}

export async function page(): Promise<Report> {
  // Otherwise autovacuum decides when there are statistics.
  const server = await startBenchServer({ autovacuum: 'off' })
  try {
    const figures: Figure[] = []
    const sections: Section[] = []
    for (const variant of VARIANTS) {
      // A database each: statistics are the database's.
      const measured = await measure(await server.addDatabase(variant.label), variant)
      figures.push(...measured.figures)
      sections.push(measured.section)
    }
    return {
      name: 'page',
      title: `${PAGES} pages of 2,000 messages, all new`,
      figures,
      sections,
      settings: server.settings,
    }
  } finally {
    await server.drop()
  }
}

async function measure(database: BenchDatabase, variant: Variant): Promise<{ figures: Figure[]; section: Section }> {
  const { pool } = database
  const ours = await createAccount(pool, 'messenger', `${variant.label}-ours`)
  const bare = await createAccount(pool, 'messenger', `${variant.label}-bare`)
  const times = await firstPass(database, variant, ours, bare)
  const rows = await requireSameRows(pool, ours, bare)
  const again = await secondPass(database, variant, ours)
  const { title } = variant
  const written = sum(Object.values(rows)) / PAGES
  return {
    figures: [
      {
        name: `${title}: rows per second, ours / bare`,
        value: spreadOf(ratios(times.bare, times.ours)),
        unit: 'ratio',
        target: { atLeast: 0.67 },
      },
      {
        name: `${title}: replay at once / first pass`,
        value: spreadOf(ratios(times.replay, times.ours)),
        unit: 'ratio',
        target: { atMost: 0.25 },
      },
      {
        name: `${title}: second pass / first pass`,
        value: spreadOf(ratios(again.times, times.ours)),
        unit: 'ratio',
        target: { atMost: 0.25 },
      },
      { name: `${title}: written by the second pass`, value: again.tuples, unit: 'tuples', target: { atMost: 0 } },
      { name: `${title}: last quarter / first quarter, ours`, value: growth(times.ours), unit: 'ratio' },
      { name: `${title}: last quarter / first quarter, bare`, value: growth(times.bare), unit: 'ratio' },
      { name: `${title}: last quarter / first quarter, replay`, value: growth(again.times), unit: 'ratio' },
    ],
    section: {
      title: `${title} (both sides left the same rows)`,
      head: ['', 'ms per page', 'min', 'max', 'rows per second'],
      rows: [
        timesRow('ours', times.ours, written),
        timesRow('bare', times.bare, written),
        timesRow('replay at once', times.replay, written),
        timesRow('second pass', again.times, written),
      ],
    },
  }
}

/** Bare, ours and ours again, page by page in turns, on one connection each. */
async function firstPass(database: BenchDatabase, variant: Variant, ours: Account, bare: Account): Promise<Times> {
  const times: Times = { bare: [], ours: [], replay: [] }
  const [left, right] = [await connect(database.url), await connect(database.url)]
  try {
    for (let n = 0; n < PAGES; n++) {
      const values = barePageValues(bare, pageOf(bare, n, variant.format))
      const items = JSON.stringify(pageOf(ours, n, variant.format))
      times.bare.push(await timed(() => left.query({ name: 'bare', text: BARE_PAGE, values })))
      times.ours.push(await timed(() => send(right, ours, items)))
      times.replay.push(await timed(() => send(right, ours, items)))
      if (variant.analyzed && n % ANALYZE_EVERY === 0) await database.admin.query('analyze')
    }
    await flushStatistics(right)
  } finally {
    await left.end()
    await right.end()
  }
  return times
}

/** All pages once more in a session of its own, and how many tuples that wrote. */
async function secondPass(
  database: BenchDatabase,
  variant: Variant,
  ours: Account,
): Promise<{ times: number[]; tuples: number }> {
  const before = await tuplesWritten(database)
  const client = await connect(database.url)
  const times: number[] = []
  try {
    for (let n = 0; n < PAGES; n++) {
      const items = JSON.stringify(pageOf(ours, n, variant.format))
      times.push(await timed(() => send(client, ours, items)))
    }
    await flushStatistics(client)
  } finally {
    await client.end()
  }
  return { times, tuples: (await tuplesWritten(database)) - before }
}

async function send(client: pg.Client, account: Account, items: string): Promise<void> {
  const { rows } = await client.query<{ error: unknown }>({ name: 'ours', text: OURS, values: [account.id, items] })
  if (rows[0]) throw new Error(`An item was refused: ${JSON.stringify(rows[0].error)}`)
}

/** Makes what the session has written so far count before the session ends. */
async function flushStatistics(client: pg.Client): Promise<void> {
  await client.query('select pg_stat_force_next_flush()')
  await client.query('select 1')
}

async function tuplesWritten({ admin }: BenchDatabase): Promise<number> {
  const { rows } = await admin.query<{ tuples: string }>(
    `select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) as tuples from pg_stat_user_tables where schemaname like 'crm%'`,
  )
  return Number(rows[0]?.tuples ?? 0)
}

function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((value, i) => value / (below[i] ?? Number.NaN))
}

/** How much longer the last quarter of the pages took than the first. */
function growth(times: readonly number[]): number {
  const quarter = Math.floor(times.length / 4)
  return spreadOf(times.slice(-quarter)).median / spreadOf(times.slice(0, quarter)).median
}

function timesRow(name: string, times: readonly number[], rowsPerPage: number): (string | number)[] {
  const { median, min, max } = spreadOf(times)
  return [name, median, min, max, name.startsWith('ours') || name === 'bare' ? (rowsPerPage / median) * 1000 : '']
}
