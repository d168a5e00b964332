import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Table from 'cli-table3'
import type { Spread } from './statistics.ts'

/** One measured figure. Those with a target are what the project promises; the others explain them. */
export interface Figure {
  name: string
  /** A single number, or what the rounds gave. */
  value: number | Spread
  unit: 'ratio' | 's' | 'MB' | 'tuples' | 'scans' | 'requests'
  target?: { atLeast: number } | { atMost: number }
}

export interface Section {
  title: string
  head: string[]
  rows: (string | number)[][]
}

export interface Report {
  name: string
  title: string
  figures: Figure[]
  sections: Section[]
  /** Settings of the database server that the figures depend on. */
  settings: Record<string, string>
}

/** Whether the median keeps the target; undefined where there is none. */
export function keepsTarget({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined
  const middle = typeof value === 'number' ? value : value.median
  return 'atLeast' in target ? middle >= target.atLeast : middle <= target.atMost
}

export function printReport(report: Report): void {
  console.log(`\n${report.name}: ${report.title}`)
  const settings = Object.entries(report.settings).map(([name, value]) => `${name}=${value}`)
  if (settings.length) console.log(`Postgres: ${settings.join(', ')}`)
  for (const section of report.sections) {
    console.log(`\n${section.title}\n${drawn(section.head, section.rows)}`)
  }
  console.log(`\nFigures\n${drawn(['figure', 'median', 'min', 'max', 'target', ''], report.figures.map(figureRow))}`)
}

/** Writes `<dir>/<name>.json` and returns its text. */
export async function writeReport(report: Report, dir: string): Promise<string> {
  const figures = report.figures.map((figure) => ({ ...figure, keepsTarget: keepsTarget(figure) }))
  const text = JSON.stringify({ ...report, figures }, null, 2)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, `${report.name}.json`), `${text}\n`)
  return text
}

/** Numbers for people: three digits that matter. */
export function shown(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3)
}

function figureRow(figure: Figure): string[] {
  const { name, value, unit, target } = figure
  const ends = typeof value === 'number' ? ['', ''] : [shown(value.min), shown(value.max)]
  const middle = shown(typeof value === 'number' ? value : value.median)
  const wanted = target ? ('atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`) : ''
  const kept = keepsTarget(figure)
  const verdict = kept === undefined ? '' : kept ? 'kept' : 'MISSED'
  return [unit === 'ratio' ? name : `${name} (${unit})`, middle, ...ends, wanted, verdict]
}

function drawn(head: string[], rows: readonly (string | number)[][]): string {
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? shown(cell) : cell)))
  return table.toString()
}
