import { createHash, randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { processStart } from './process-start.ts'

/** The lock's file. Names that add a dot and more to it are there only while it changes hands. */
export const LOCK = 'lock'

const holderSchema = z.object({ pid: z.int().positive(), since: z.string(), what: z.string() })
type Holder = z.infer<typeof holderSchema>

/**
 * Takes the folder for this process, until the returned function gives it back or the process ends. `what` says what the process is.
 * Throws an Error that names the process which has it.
 */
export async function lockFolder(dir: string, what: string): Promise<() => Promise<void>> {
  const path = join(dir, LOCK)
  const own = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
  const since = (await processStart(process.pid)) ?? ''
  await writeFile(own, JSON.stringify({ pid: process.pid, since, what } satisfies Holder))
  try {
    while (!(await isTaken(path, own))) {} // Somebody else was at it at the same moment: look again.
  } finally {
    await rm(own, { force: true })
  }
  return () => rm(path, { force: true })
}

/**
 * One attempt. A lock whose process has ended is inherited: the heir is whoever makes the file that is named after its text, which
 * succeeds once, and only then is the lock replaced. So of many that find the same lock, one gets it.
 */
async function isTaken(path: string, own: string): Promise<boolean> {
  const first = await textOf(path)
  if (first === undefined) return linked(own, path)
  const passed: string[] = []
  let last = first
  for (;;) {
    await requireEnded(path, last)
    const heir = `${path}.after-${createHash('sha256').update(last).digest('hex').slice(0, 16)}`
    if (await linked(own, heir)) {
      const isCurrent = (await textOf(path)) === first
      if (isCurrent) await rename(own, path)
      for (const file of [...passed, heir]) await rm(file, { force: true })
      return isCurrent
    }
    const text = await textOf(heir)
    if (text === undefined) return false
    passed.push(heir) // An heir that ended before it had replaced the lock.
    last = text
  }
}

/** Throws when the process that wrote this lock lives. What is no lock was written by none. */
async function requireEnded(path: string, text: string): Promise<void> {
  const holder = parsed(text)
  if (!holder || (await processStart(holder.pid)) !== holder.since) return
  const dir = path.slice(0, -LOCK.length - 1)
  throw new Error(
    `${dir} is in use by process ${holder.pid} (${holder.what}). Stop that first, or name another folder with --data.`,
  )
}

function parsed(text: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Makes a file appear whole under another name; false when there is one. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
