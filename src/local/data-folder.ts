/** The folder that the local platform keeps its data in: which one it is, whether it is ours, and taking it for one process. */
import { access, chmod, constants, lstat, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from './command-line.ts'
import { LOCK, lockFolder } from './folder-lock.ts'
import { hasKeys } from './gateway/keys.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEFAULT = join(ROOT, '.onefold')

/** Onefold puts it into the folders that it makes. Only the very same text counts. */
const MARK = '.onefold-data'
const MARK_TEXT = 'Onefold keeps the data of its local platform in this folder. npm run reset removes it.\n'

/** Everything that Onefold puts into the folder, and what it is. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ['postgres', 'the database'],
  ['postgres.new', 'a database whose making was interrupted'],
  ['keys.json', 'the API keys'],
  ['functions.log', "the functions' log"],
  ['demo', 'what the demo remembers of itself'],
  ['demo-clock.json', 'the same, of an older version'],
  [LOCK, 'the lock of the process that uses the folder'],
  [MARK, "the mark that the folder is Onefold's"],
])

/** The folder that an option or else the environment names, or else `.onefold` of this checkout. */
export function dataFolderPath(named: string | undefined, env: NodeJS.ProcessEnv): string {
  const [from, path] = named === undefined ? ['ONEFOLD_DATA', env.ONEFOLD_DATA] : ['--data', named]
  if (path === undefined) return DEFAULT
  if (path.trim() === '') throw new UsageError(`${from} is empty: it names no folder.`)
  if (path.startsWith('~')) {
    throw new UsageError(`${from} begins with ~, which the shell has not replaced: write the whole path.`)
  }
  return resolve(path)
}

/** The command that removes this folder, for a person to copy. */
export function resetCommand(dir: string): string {
  if (dir === DEFAULT && process.env.ONEFOLD_DATA === undefined) return 'npm run reset'
  const quoted = /^[\w/.-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", `'\\''`)}'`
  return `npm run reset -- --data ${quoted}`
}

/** What is at a path. `strangers` are names that Onefold did not put there. */
export type Found =
  | { is: 'nothing' }
  | { is: 'empty folder' }
  | { is: 'ours'; entries: string[]; strangers: string[] }
  | { is: 'not ours'; why: string }

export async function findFolder(dir: string): Promise<Found> {
  const stats = await lstat(dir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw inWords(error, dir)
  })
  if (!stats) return { is: 'nothing' }
  if (stats.isSymbolicLink())
    return { is: 'not ours', why: `is a link to ${await realpath(dir).catch(() => 'nothing')}` }
  if (!stats.isDirectory()) return { is: 'not ours', why: 'is no folder' }
  for (const [place, name] of [
    [ROOT, 'the project itself'],
    [homedir(), 'your home folder'],
  ] as const) {
    if (await isWithin(place, dir)) return { is: 'not ours', why: `is ${name}, or holds it` }
  }
  const names = await readdir(dir).catch((error: unknown) => {
    throw inWords(error, dir)
  })
  if (names.length === 0) return { is: 'empty folder' }
  const strangers = names.filter((name) => !ENTRIES.has(name) && !name.startsWith(`${LOCK}.`))
  // Before there was a mark the keys were always made first.
  const isOurs =
    (await isMarked(dir)) || (strangers.length === 0 && names.includes('keys.json') && (await hasKeys(dir)))
  if (isOurs) return { is: 'ours', entries: names.filter((name) => !strangers.includes(name)), strangers }
  const shown = names.slice(0, 3).join(', ')
  return { is: 'not ours', why: `has files that Onefold did not make (${shown}${names.length > 3 ? ', …' : ''})` }
}

/** Each entry with what it is, for a person; without what means nothing to one. */
export function describeEntries(entries: readonly string[]): string[] {
  return [...ENTRIES].flatMap(([name, what]) =>
    entries.includes(name) && name !== MARK && name !== LOCK ? [`  ${name.padEnd(16)} ${what}`] : [],
  )
}

/** A data folder that this process has for itself until it is closed. */
export interface DataFolder {
  path: string
  /** Gives it back; doing so again changes nothing. */
  close(): Promise<void>
}

/**
 * Makes the folder if need be and takes it for this process; `what` says what that is. Throws an Error with one line for a person when
 * it is not ours, cannot be written, or another process has it.
 */
export async function openDataFolder(dir: string, what: string): Promise<DataFolder> {
  const found = await findFolder(dir)
  if (found.is === 'not ours') throw new Error(`${dir} ${found.why}. Name a new or an empty folder with --data.`)
  try {
    if (found.is === 'nothing') await mkdir(dir, { recursive: true })
    await access(dir, constants.W_OK)
    if (found.is !== 'ours') await writeFile(join(dir, MARK), MARK_TEXT)
    await chmod(dir, 0o755) // The server may run as another user than we do.
  } catch (error) {
    throw inWords(error, dir)
  }
  return { path: dir, close: await lockFolder(dir, what) }
}

/** What to remove of the entries, the mark last: what is left half removed is still known as ours. The lock goes when it is closed. */
export function removalOrder(entries: readonly string[]): string[] {
  return [...entries].filter((name) => name !== LOCK).sort((a, b) => Number(a === MARK) - Number(b === MARK))
}

async function isMarked(dir: string): Promise<boolean> {
  const path = join(dir, MARK)
  const stats = await lstat(path).catch(() => undefined)
  // It is empty at the moment at which another process writes it.
  return stats?.isFile() === true && ['', MARK_TEXT].includes(await readFile(path, 'utf8').catch(() => '?'))
}

async function isWithin(place: string, dir: string): Promise<boolean> {
  const [inner, outer] = await Promise.all([place, dir].map((path) => realpath(path).catch(() => path)))
  const path = relative(outer ?? dir, inner ?? place)
  return path === '' || !(path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path))
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Onefold may not write there',
  EPERM: 'Onefold may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a part of its path is a file',
}

function inWords(error: unknown, dir: string): Error {
  const reason = REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
  return new Error(`${dir} cannot be the data folder: ${reason}. Name another one with --data.`, { cause: error })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
