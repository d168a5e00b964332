import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDataFolder, resetCommand } from '../../../src/local/data-folder.ts'
import { lockFolder } from '../../../src/local/folder-lock.ts'
import { processStart } from '../../../src/local/process-start.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'onefold-folder-'))
  await chmod(dir, 0o755)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

test('a folder that was opened is marked, locked until it is closed, and opened again later', async () => {
  const path = join(dir, 'a', 'b')
  const folder = await openDataFolder(path, 'a test')
  expect((await readdir(path)).sort()).toEqual(['.onefold-data', 'lock'])
  await expect(openDataFolder(path, 'another')).rejects.toThrow(`${path} is in use by process ${process.pid} (a test).`)
  await folder.close()
  await folder.close()
  expect(await readdir(path)).toEqual(['.onefold-data'])
  await (await openDataFolder(path, 'another')).close()
})

test('files that somebody adds later do not keep it from being opened', async () => {
  await (await openDataFolder(dir, 'a test')).close()
  await writeFile(join(dir, 'notes.txt'), 'x')
  await (await openDataFolder(dir, 'a test')).close()
})

test.each<[string, () => Promise<string>]>([
  ['of a process that has ended', async () => JSON.stringify({ pid: 2 ** 30, since: '1', what: 'npm start' })],
  ['whose number another process has now', async () => JSON.stringify({ pid: process.pid, since: '1', what: 'x' })],
  ['that is damaged', async () => '{"pid": '],
])('a lock %s is taken over', async (_, lock) => {
  await writeFile(join(dir, 'lock'), await lock())
  const release = await lockFolder(dir, 'a test')
  const kept = JSON.parse(await readFile(join(dir, 'lock'), 'utf8'))
  expect(kept).toEqual({ pid: process.pid, since: await processStart(process.pid), what: 'a test' })
  await release()
  expect(await readdir(dir)).toEqual([])
})

test('of many that find the lock of a process that has ended, one gets it', async () => {
  await writeFile(join(dir, 'lock'), JSON.stringify({ pid: 2 ** 30, since: '1', what: 'npm start' }))
  const taken = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(dir, 'a test')))
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await readdir(dir)).toEqual(['lock'])
})

test('an heir that ended before it had replaced the lock is followed by the next one', async () => {
  const ended = (since: string) => JSON.stringify({ pid: 2 ** 30, since, what: 'npm start' })
  const after = (text: string) =>
    join(dir, `lock.after-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`)
  await writeFile(join(dir, 'lock'), ended('1'))
  await writeFile(after(ended('1')), ended('2'))
  await lockFolder(dir, 'a test')
  expect(await readFile(join(dir, 'lock'), 'utf8')).toContain('a test')
  expect(await readdir(dir)).toEqual(['lock'])
})

test('a process has one start for as long as it lives', async () => {
  const since = await processStart(process.pid)
  expect(since).toBeTruthy()
  expect(await processStart(process.pid)).toBe(since)
  expect(await processStart(2 ** 30)).toBeUndefined()
})

test('the reset command names the folder, unless it is the one of the checkout', () => {
  const checkout = resolve(import.meta.dirname, '../../../.onefold')
  vi.stubEnv('ONEFOLD_DATA', undefined)
  expect(resetCommand(checkout)).toBe('npm run reset')
  expect(resetCommand('/var/data')).toBe('npm run reset -- --data /var/data')
  expect(resetCommand("/var/Ana's data")).toBe(`npm run reset -- --data '/var/Ana'\\''s data'`)
  // In this shell the bare command would remove another folder.
  vi.stubEnv('ONEFOLD_DATA', '/elsewhere')
  expect(resetCommand(checkout)).toBe(`npm run reset -- --data ${checkout}`)
  vi.unstubAllEnvs()
})
