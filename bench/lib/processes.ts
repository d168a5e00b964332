import { readdir, readFile } from 'node:fs/promises'

export interface ProcessMemory {
  pid: number
  name: string
  /** Resident kilobytes: memory shared between processes counts in each of them. */
  rss: number
  /** Resident kilobytes with shared memory divided among those that share it. */
  pss: number
}

/** Pids of the process and all its descendants, as Linux tells them; null elsewhere. */
export async function familyOf(root: number): Promise<number[] | null> {
  const all = await readdir('/proc').then(
    (entries) => Promise.all(entries.filter((name) => /^\d+$/.test(name)).map((pid) => parentOf(Number(pid)))),
    () => null,
  )
  if (!all) return null
  const family = new Set([root])
  for (let before = 0; before < family.size; ) {
    before = family.size
    for (const one of all) if (one && family.has(one.parent)) family.add(one.pid)
  }
  return [...family]
}

/** The memory of the process and all its descendants; null where the system does not say. */
export async function memoryBelow(root: number): Promise<ProcessMemory[] | null> {
  const family = await familyOf(root)
  if (!family) return null
  const found = await Promise.all(family.map(memoryOf))
  return found.filter((one) => one !== null)
}

/** Milliseconds of CPU that this process and its descendants have used so far, by the program's name; empty elsewhere than on Linux. */
export async function cpuByProgram(): Promise<Map<string, number>> {
  const used = new Map<string, number>()
  for (const pid of (await familyOf(process.pid)) ?? []) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? []
    if (name === undefined || rest === undefined) continue
    const fields = rest.split(' ')
    // Fields 14 and 15 of the whole line, in ticks of ten milliseconds.
    used.set(name, (used.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) * 10)
  }
  return used
}

/** The most megabytes that a descendant of that name ever had resident; null where the system does not say. */
export async function peakOf(program: string): Promise<number | null> {
  let peak: number | null = null
  for (const pid of (await familyOf(process.pid)) ?? []) {
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
    if (name !== program) continue
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const kilobytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
    peak = Math.max(peak ?? 0, kilobytes / 1024)
  }
  return peak
}

async function parentOf(pid: number): Promise<{ pid: number; parent: number } | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1]
  return parent === undefined ? null : { pid, parent: Number(parent) }
}

/** Null when the process has ended meanwhile. */
async function memoryOf(pid: number): Promise<ProcessMemory | null> {
  try {
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim()
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    return { pid, name, rss: kilobytes(rollup, 'Rss'), pss: kilobytes(rollup, 'Pss') }
  } catch {
    return null
  }
}

function kilobytes(rollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
}
