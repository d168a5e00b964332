import { createHash } from 'node:crypto'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One migration as it was released: it is in somebody's database and never changes again. */
export interface ReleasedMigration {
  version: string
  file: string
  sha256: string
}

/** The list of released migrations, beside them. Without it nothing has been released. Lines are `version file sha256`. */
const listName = 'RELEASED'

/** Returns the released migrations, none before the first release. Throws when a line can't be read. */
export async function readReleases(folder: string): Promise<ReleasedMigration[]> {
  const names = await readdir(folder)
  if (!names.includes(listName)) return []
  const lines = (await readFile(join(folder, listName), 'utf8')).split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const [version, file, sha256] = line.split(' ')
    if (!version || !file || !sha256) throw new Error(`${listName} has a line that can't be read: ${line}`)
    return { version, file, sha256 }
  })
}

/** Adds every migration that is not yet released to the list, and returns their file names. */
export async function release(folder: string, version: string): Promise<string[]> {
  const released = new Set((await readReleases(folder)).map(({ file }) => file))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql') && !released.has(name)).sort()
  for (const file of files)
    await appendFile(join(folder, listName), `${version} ${file} ${await sha256(folder, file)}\n`)
  return files
}

/** Returns the released migrations that are missing or are no longer what was released. */
export async function changedReleases(folder: string): Promise<ReleasedMigration[]> {
  const names = new Set(await readdir(folder))
  const changed: ReleasedMigration[] = []
  for (const migration of await readReleases(folder)) {
    const isSame = names.has(migration.file) && (await sha256(folder, migration.file)) === migration.sha256
    if (!isSame) changed.push(migration)
  }
  return changed
}

async function sha256(folder: string, file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(folder, file)))
    .digest('hex')
}
