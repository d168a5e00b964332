import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { findFolder, openDataFolder } from '../../../src/local/data-folder.ts'
import { generateKeys } from '../../../src/local/gateway/keys.ts'
import { run, testFolder } from './kit.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

/** A folder as a start leaves it. */
async function dataFolder(): Promise<string> {
  const dir = join(await testFolder(), 'data')
  const folder = await openDataFolder(dir, 'a test')
  await folder.close()
  await mkdir(join(dir, 'postgres', 'base'), { recursive: true })
  await writeFile(join(dir, 'functions.log'), 'x')
  return dir
}

/** A folder with something that nobody wants to lose. */
async function folderOfSomebody(): Promise<string> {
  const dir = await testFolder()
  await writeFile(join(dir, 'thesis.txt'), 'x')
  return dir
}

test('it says what it removes, and removes it', async () => {
  const dir = await dataFolder()
  const { code, out, err } = await run('reset', ['--data', dir]).ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toBe(`Removing ${dir}:
  postgres         the database
  functions.log    the functions' log
Removed. The next npm start begins with an empty database.
`)
  await expect(readdir(dir)).rejects.toThrow(/ENOENT/)
})

test('the environment names the folder where no option does, and a second reset finds nothing', async () => {
  const dir = await dataFolder()
  expect(await run('reset', [], { env: { ONEFOLD_DATA: dir } }).ended).toMatchObject({ code: 0 })
  const again = await run('reset', [], { env: { ONEFOLD_DATA: dir } }).ended
  expect(again).toEqual({ code: 0, out: `Nothing to remove: there is no ${dir}.\n`, err: '' })
})

test('a folder from before there was a mark is known by its keys', async () => {
  const dir = await testFolder()
  await mkdir(join(dir, 'postgres'))
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 1, err: expect.stringContaining('postgres') })
  await writeFile(join(dir, 'keys.json'), JSON.stringify(await generateKeys()))
  await writeFile(join(dir, 'demo-clock.json'), '{}')
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 0 })
})

test('help removes nothing', async () => {
  const dir = await dataFolder()
  const { code, out } = await run('reset', ['--help', '--data', dir]).ended
  expect(code).toBe(0)
  for (const word of ['--data', '--help', 'ONEFOLD_DATA', 'Exit codes']) expect(out).toContain(word)
  expect(await readdir(dir)).toContain('functions.log')
})

test('called wrongly it removes nothing, shows its options and ends with 2', async () => {
  const dir = await dataFolder()
  const { code, out, err } = await run('reset', ['--force'], { env: { ONEFOLD_DATA: dir } }).ended
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^Unknown option '--force'\. .*\n\nnpm run reset -- \[options\]/)
  expect(await readdir(dir)).toContain('functions.log')
})

test('neither the project nor the home folder, nor what holds them, is a data folder', async () => {
  const project = { is: 'not ours', why: 'is the project itself, or holds it' }
  for (const place of [ROOT, resolve(ROOT, '..'), '/']) expect(await findFolder(place)).toEqual(project)
  expect(await findFolder(homedir())).toMatchObject({ is: 'not ours' })
})

test('a home folder is not removed, even with the mark in it', async () => {
  const dir = await dataFolder()
  const { code, err } = await run('reset', ['--data', dir], { env: { HOME: dir } }).ended
  expect({ code, err }).toEqual({ code: 1, err: `${dir} is your home folder, or holds it. Nothing was removed.\n` })
})

test.each<[string, () => Promise<string>, RegExp]>([
  ['a folder of somebody', folderOfSomebody, /has files that Onefold did not make \(thesis\.txt\)/],
  ['a file', async () => join(await folderOfSomebody(), 'thesis.txt'), /is no folder\. Nothing was removed\.$/],
  ['the database inside a data folder', async () => join(await dataFolder(), 'postgres'), /did not make \(base\)/],
  [
    'a link to a data folder',
    async () => {
      const link = join(await testFolder(), 'link')
      await symlink(await dataFolder(), link)
      return link
    },
    /is a link to .*\/data\. Nothing was removed\.$/,
  ],
  [
    'a folder that somebody marked in other words',
    async () => {
      const dir = await folderOfSomebody()
      await writeFile(join(dir, '.onefold-data'), 'mine')
      return dir
    },
    /has files that Onefold did not make/,
  ],
  [
    'a data folder in which somebody keeps a file',
    async () => {
      const dir = await dataFolder()
      await writeFile(join(dir, 'notes.sql'), 'x')
      return dir
    },
    /has files that Onefold did not make: notes\.sql\. Move them first\. Nothing was removed\.$/,
  ],
])('%s is not removed', async (_, place, why) => {
  const dir = await place()
  const before = await readdir(dir).catch(() => [])
  const { code, out, err } = await run('reset', ['--data', dir]).ended
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err.trim()).toMatch(why)
  expect(await readdir(dir).catch(() => [])).toEqual(before)
})

test('a folder in use is not removed, and the process that has it is named', async () => {
  const dir = await dataFolder()
  const folder = await openDataFolder(dir, 'npm start')
  const { code, err } = await run('reset', ['--data', dir]).ended
  expect(code).toBe(1)
  expect(err).toBe(
    `${dir} is in use by process ${process.pid} (npm start). Stop that first, or name another folder with --data.\n`,
  )
  await folder.close()
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 0 })
})

test('a folder linked from inside is removed without what the link leads to', async () => {
  const [dir, kept] = [await dataFolder(), await folderOfSomebody()]
  await symlink(kept, join(dir, 'demo'))
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 0 })
  expect(await readdir(kept)).toEqual(['thesis.txt'])
})
