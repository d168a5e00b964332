import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEntries, findFolder, openDataFolder, removalOrder } from './data-folder.ts'
import { runningServer } from './postmaster.ts'

/**
 * Removes a data folder, after it has said what. A folder that is not there is no error. Throws an Error with one line for a person when
 * the folder is not ours, has files of somebody else in it, or is in use.
 */
export async function removeDataFolder(dir: string, say: (text: string) => void): Promise<void> {
  const found = await findFolder(dir)
  if (found.is === 'nothing' || found.is === 'empty folder') {
    return say(
      found.is === 'nothing' ? `Nothing to remove: there is no ${dir}.` : `Nothing to remove: ${dir} is empty.`,
    )
  }
  if (found.is === 'not ours') throw new Error(`${dir} ${found.why}. Nothing was removed.`)
  if (found.strangers.length > 0) {
    throw new Error(
      `${dir} has files that Onefold did not make: ${found.strangers.join(', ')}. Move them first. Nothing was removed.`,
    )
  }
  const folder = await openDataFolder(dir, 'npm run reset')
  try {
    const pid = await runningServer(join(dir, 'postgres'))
    if (pid !== undefined) throw new Error(`${dir} is in use by its database, process ${pid}. Stop that first.`)
    say([`Removing ${dir}:`, ...describeEntries(found.entries)].join('\n'))
    for (const name of removalOrder(found.entries)) await rm(join(dir, name), { recursive: true, force: true })
  } finally {
    await folder.close()
  }
  say(
    (await removedItself(dir))
      ? 'Removed. The next npm start begins with an empty database.'
      : `Removed all of that. The folder itself stays, empty: it cannot be removed.`,
  )
}

/** False for a folder that must stay, such as the place where a disk is mounted. */
async function removedItself(dir: string): Promise<boolean> {
  try {
    await rmdir(dir)
    return true
  } catch {
    return false
  }
}
