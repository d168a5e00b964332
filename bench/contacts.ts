/** Pages of 500 API records, half of them upgrades of stubs, beside a bare upsert of the same rows: from nothing on, and at two sizes. */
import { loadContacts } from './lib/contact-history.ts'
import { isStub } from './lib/contact-pages.ts'
import { ContactSides, type Cost } from './lib/contact-sides.ts'
import { numbers } from './lib/people.ts'
import type { Figure, Report, Section } from './lib/report.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { spreadOf, timed } from './lib/statistics.ts'

const RECORDS = 500
/** From nothing on: 100,000 contacts. */
const PAGES = 200
/** Statistics are taken again after this many pages. */
const ANALYZE_EVERY = 20
const FEW = 100_000
const MANY = 1_000_000
/** At either size the first pages do not count. */
const WARM_UP = 4
const ROUNDS = 20

/** What the pages cost, in order. */
interface Costs {
  bare: Cost[]
  ours: Cost[]
}

interface Loaded {
  sides: ContactSides
  contacts: number
  seconds: number
  costs: Costs
}

export async function contacts(): Promise<Report> {
  // Otherwise autovacuum decides when there are statistics, and works beside some of the pages.
  const server = await startBenchServer({ autovacuum: 'off' })
  try {
    const growing = await fromNothing(await server.addDatabase('growing'))
    const few = await loaded(await server.addDatabase('few'), FEW)
    const many = await loaded(await server.addDatabase('many'), MANY)
    await atBothSizes(few, many)
    return {
      name: 'contacts',
      title: `Pages of ${RECORDS} contacts, half of them upgrades of stubs`,
      figures: [...growthFigures(growing), ...sizeFigures(few, many)],
      sections: [
        costSection(`From nothing to ${thousands(PAGES * RECORDS)} contacts (both sides left the same rows)`, [
          ['ours', growing.ours],
          ['bare', growing.bare],
        ]),
        {
          title: 'Loading both sides, with vacuum, analyze and checkpoint',
          head: ['contacts each', 'seconds', 'size'],
          rows: [await loadingRow(few), await loadingRow(many)],
        },
        costSection(`At both sizes, ${ROUNDS} pages in turns (both sides left the same rows)`, [
          [`ours, ${thousands(FEW)}`, few.costs.ours],
          [`ours, ${thousands(MANY)}`, many.costs.ours],
          [`bare, ${thousands(FEW)}`, few.costs.bare],
          [`bare, ${thousands(MANY)}`, many.costs.bare],
        ]),
      ],
      settings: server.settings,
    }
  } finally {
    await server.drop()
  }
}

async function fromNothing(database: BenchDatabase): Promise<Costs> {
  const sides = await ContactSides.open(database)
  const costs: Costs = { bare: [], ours: [] }
  try {
    for (let n = 0; n < PAGES; n++) {
      const people = numbers(RECORDS).map((i) => n * RECORDS + i)
      await sides.chat(people.filter(isStub))
      keep(costs, await sides.page(people))
      if (n % ANALYZE_EVERY === 0) await database.admin.query('analyze')
    }
    await sides.requireSameRows()
  } finally {
    await sides.close()
  }
  return costs
}

async function loaded(database: BenchDatabase, contacts: number): Promise<Loaded> {
  const sides = await ContactSides.open(database)
  const milliseconds = await timed(async () => {
    for (const merchant of sides.merchants) await loadContacts(database.admin, merchant, contacts)
    await database.admin.query('vacuum analyze')
    await database.admin.query('checkpoint')
  })
  return { sides, contacts, seconds: milliseconds / 1000, costs: { bare: [], ours: [] } }
}

async function atBothSizes(few: Loaded, many: Loaded): Promise<void> {
  try {
    for (let n = 0; n < WARM_UP + ROUNDS; n++) {
      for (const { sides, contacts, costs } of [few, many]) {
        const cost = await sides.page(peopleOf(contacts, n))
        if (n >= WARM_UP) keep(costs, cost)
      }
    }
    for (const { sides } of [few, many]) await sides.requireSameRows()
  } finally {
    for (const { sides } of [few, many]) await sides.close()
  }
}

/** A page where that many contacts are there: stubs from all over them, and as many who are new. */
function peopleOf(contacts: number, page: number): number[] {
  const pages = WARM_UP + ROUNDS
  const [stubs, upgrades] = [contacts / 2, RECORDS / 2]
  return numbers(upgrades).flatMap((i) => [
    contacts + 2 * (page * upgrades + i),
    2 * Math.floor(((i * pages + page) * stubs) / (upgrades * pages)) + 1,
  ])
}

function growthFigures({ bare, ours }: Costs): Figure[] {
  return [
    {
      name: 'Contacts per second, ours / bare',
      value: spreadOf(ratios(bare, ours, ms)),
      unit: 'ratio',
      target: { atLeast: 0.5 },
    },
    ...cpuFigure('Server CPU, ours / bare', ours, bare),
    { name: 'Last quarter / first quarter, ours', value: growth(ours), unit: 'ratio' },
    { name: 'Last quarter / first quarter, bare', value: growth(bare), unit: 'ratio' },
  ]
}

function sizeFigures({ costs: few }: Loaded, { costs: many }: Loaded): Figure[] {
  const name = `Cost at ${thousands(MANY)} / at ${thousands(FEW)}`
  return [
    { name: `${name}, ours`, value: spreadOf(ratios(many.ours, few.ours, ms)), unit: 'ratio', target: { atMost: 1.3 } },
    { name: `${name}, bare`, value: spreadOf(ratios(many.bare, few.bare, ms)), unit: 'ratio' },
    ...cpuFigure(`Server CPU at ${thousands(MANY)} / at ${thousands(FEW)}, ours`, many.ours, few.ours),
    ...cpuFigure(`Server CPU at ${thousands(MANY)} / at ${thousands(FEW)}, bare`, many.bare, few.bare),
    {
      name: `Contacts per second at ${thousands(MANY)}, ours / bare`,
      value: spreadOf(ratios(many.bare, many.ours, ms)),
      unit: 'ratio',
    },
  ]
}

/** Nothing where the system does not tell CPU. */
function cpuFigure(name: string, above: readonly Cost[], below: readonly Cost[]): Figure[] {
  const values = ratios(above, below, cpu)
  return values.some(Number.isNaN) ? [] : [{ name, value: spreadOf(values), unit: 'ratio' }]
}

function costSection(title: string, named: readonly [name: string, costs: readonly Cost[]][]): Section {
  return {
    title,
    head: ['', 'ms per page', 'min', 'max', 'contacts per second', 'server CPU, µs per contact'],
    rows: named.map(([name, costs]) => {
      const { median, min, max } = spreadOf(costs.map(ms))
      const spent = costs.map(cpu)
      return [
        name,
        median,
        min,
        max,
        (RECORDS / median) * 1000,
        spent.some(Number.isNaN) ? 'unknown' : (spreadOf(spent).median * 1000) / RECORDS,
      ]
    }),
  }
}

async function loadingRow({ sides, contacts, seconds }: Loaded): Promise<(string | number)[]> {
  const { rows } = await sides.database.pool.query<{ size: string }>(
    'select pg_size_pretty(pg_database_size(current_database())) as size',
  )
  return [thousands(contacts), seconds, rows[0]?.size ?? '']
}

function keep(costs: Costs, { bare, ours }: { bare: Cost; ours: Cost }): void {
  costs.bare.push(bare)
  costs.ours.push(ours)
}

function ms(cost: Cost): number {
  return cost.ms
}

function cpu(cost: Cost): number {
  return cost.cpu ?? Number.NaN
}

function ratios(above: readonly Cost[], below: readonly Cost[], of: (cost: Cost) => number): number[] {
  return above.map((cost, i) => of(cost) / (below[i] ? of(below[i]) : Number.NaN))
}

/** How much longer the last quarter of the pages took than the first. */
function growth(costs: readonly Cost[]): number {
  const quarter = Math.floor(costs.length / 4)
  return spreadOf(costs.slice(-quarter).map(ms)).median / spreadOf(costs.slice(0, quarter).map(ms)).median
}

function thousands(count: number): string {
  return count.toLocaleString('en')
}
