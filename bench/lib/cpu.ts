import { readFile } from 'node:fs/promises'
import { sum } from './statistics.ts'

/** Milliseconds that these processes have spent on a CPU so far; null where the system does not say (it is Linux that does). */
export async function cpuOf(pids: readonly number[]): Promise<number | null> {
  try {
    const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/schedstat`, 'utf8')))
    return sum(texts.map((text) => Number(text.split(' ')[0]) / 1e6))
  } catch {
    return null
  }
}

/** Milliseconds of CPU that this process has used so far, all its threads together. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
