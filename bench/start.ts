/** How long the local platform takes until it answers, from nothing, and what memory it then has. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { undoLater } from './lib/cleanup.ts'
import { memoryBelow, type ProcessMemory } from './lib/processes.ts'
import type { Report } from './lib/report.ts'
import { type Spread, spreadOf, sum } from './lib/statistics.ts'

const ROUNDS = 5
const PLATFORM = fileURLToPath(new URL('start/platform.ts', import.meta.url))

/** Which of the platform's parts a process belongs to. */
const PARTS = ['gateway', 'deno', 'postgres', 'guards'] as const
type Part = (typeof PARTS)[number]

interface Start {
  seconds: number
  /** By part; null where the system does not say. */
  memory: Map<Part, { processes: number; rss: number; pss: number }> | null
}

export async function start(): Promise<Report> {
  const fresh: Start[] = []
  const again: Start[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const dataDir = await mkdtemp(join(tmpdir(), 'onefold-bench-start-'))
    const remove = undoLater(() => rm(dataDir, { recursive: true, force: true }))
    fresh.push(await startOnce(dataDir))
    again.push(await startOnce(dataDir))
    await remove()
  }
  const megabytes = (part: Part, kind: 'rss' | 'pss'): Spread | null => {
    const known = fresh.flatMap(({ memory }) => (memory ? [(memory.get(part)?.[kind] ?? 0) / 1024] : []))
    return known.length ? spreadOf(known) : null
  }
  const total = fresh.flatMap(({ memory }) =>
    memory ? [sum([...memory.values()].map((part) => part.rss)) / 1024] : [],
  )
  return {
    name: 'start',
    title: 'the local platform from nothing, and its memory when it is ready',
    settings: {},
    figures: [
      {
        name: 'Ready after, fresh data',
        value: spreadOf(fresh.map(({ seconds }) => seconds)),
        unit: 's',
        target: { atMost: 5 },
      },
      { name: 'Ready after, data there', value: spreadOf(again.map(({ seconds }) => seconds)), unit: 's' },
      ...(total.length ? [{ name: 'Resident memory, sum', value: spreadOf(total), unit: 'MB' } as const] : []),
    ],
    sections: [
      {
        title: 'Memory when ready (PSS divides shared memory among the processes that share it)',
        head: ['', 'processes', 'RSS MB', 'PSS MB'],
        rows: PARTS.map((part) => [
          part,
          String(fresh[0]?.memory?.get(part)?.processes ?? 'unknown'),
          megabytes(part, 'rss')?.median ?? 'unknown',
          megabytes(part, 'pss')?.median ?? 'unknown',
        ]),
      },
    ],
  }
}

/** From the start of the process until the platform says that it is ready. */
async function startOnce(dataDir: string): Promise<Start> {
  const begun = performance.now()
  const child = spawn(process.execPath, [PLATFORM, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said = await Promise.race([once(child.stdout, 'data').then(String), exited.then(() => '')])
  if (said.trim() !== 'ready') throw new Error('The platform did not start.')
  const seconds = (performance.now() - begun) / 1000
  const processes = child.pid === undefined ? null : await memoryBelow(child.pid)
  child.stdin.end()
  await exited
  return { seconds, memory: processes && byPart(processes, child.pid) }
}

function byPart(processes: readonly ProcessMemory[], root: number | undefined): NonNullable<Start['memory']> {
  const parts: NonNullable<Start['memory']> = new Map()
  for (const { pid, name, rss, pss } of processes) {
    const part = pid === root ? 'gateway' : name === 'deno' || name === 'postgres' ? name : 'guards'
    const before = parts.get(part) ?? { processes: 0, rss: 0, pss: 0 }
    parts.set(part, { processes: before.processes + 1, rss: before.rss + rss, pss: before.pss + pss })
  }
  return parts
}
