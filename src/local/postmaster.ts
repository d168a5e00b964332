import { readFile, rm } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'

/** The process that serves the database cluster in this folder; undefined when none does. Only Linux tells: elsewhere Postgres looks. */
export async function runningServer(dataDir: string): Promise<number | undefined> {
  const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  if (!pid) return undefined
  // The number may belong to another program now.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return commandLine.includes(dataDir) ? pid : undefined
}

/** A killed server leaves its pid file. Postgres itself trips over it only when the number belongs to another program. */
export async function removeStalePidFile(dataDir: string): Promise<void> {
  if (platform() === 'linux') await rm(join(dataDir, 'postmaster.pid'), { force: true })
}
