import type { Load, Run } from './load.ts'
import type { MessageStream } from './one-message.ts'
import type { Figure, Section } from './report.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** What several streams gave, taken in turns: A B A B … */
export interface Rounds {
  /** By stream, the runs in order. */
  runs: Run[][]
  /** Of each round, the rate of the first stream over that of the second. */
  ratio: Spread
}

/** A stream and the connections it goes over. */
export interface Turn {
  load: Load
  stream: MessageStream
}

/** Runs each stream for `messages` messages per round, in turns, after one round that does not count. */
export async function inTurns(turns: readonly Turn[], rounds: number, messages: number): Promise<Rounds> {
  const runs: Run[][] = turns.map(() => [])
  const warmUp = Math.ceil(messages / 4)
  for (const { load, stream } of turns) await load.run(stream, 0, warmUp)
  for (let round = 0; round < rounds; round++) {
    const from = warmUp + round * messages
    for (const [i, { load, stream }] of turns.entries()) runs[i]?.push(await load.run(stream, from, from + messages))
  }
  return { runs, ratio: ratioOf(runs[0] ?? [], runs[1] ?? []) }
}

/** Of each round, the rate of `runs` over that of `others`. */
export function ratioOf(runs: readonly Run[], others: readonly Run[]): Spread {
  return spreadOf(runs.map((run, i) => run.perSecond / (others[i]?.perSecond ?? Number.NaN)))
}

/** A table of rates and of what one message costs on either side. */
export function ratesSection(title: string, named: readonly [name: string, runs: readonly Run[]][]): Section {
  return {
    title,
    head: ['', 'per second', 'min', 'max', 'server CPU µs', 'generator CPU µs'],
    rows: named.map(([name, runs]) => {
      const rate = spreadOf(runs.map((run) => run.perSecond))
      return [
        name,
        rate.median,
        rate.min,
        rate.max,
        middle(runs.map((run) => run.serverCpu)),
        middle(runs.map((run) => run.clientCpu)),
      ]
    }),
  }
}

/** How much more server CPU the first takes than the second; nothing where the system does not say. */
export function cpuFigure(name: string, { runs }: Rounds): Figure[] {
  const ratios = (runs[0] ?? []).map(
    (run, i) => (run.serverCpu ?? Number.NaN) / (runs[1]?.[i]?.serverCpu ?? Number.NaN),
  )
  return ratios.some(Number.isNaN) ? [] : [{ name, value: spreadOf(ratios), unit: 'ratio' }]
}

function middle(values: readonly (number | null)[]): string | number {
  const known = values.filter((value) => value !== null)
  return known.length ? spreadOf(known).median : 'unknown'
}
