import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { run, testFolder } from './kit.ts'

const isRoot = process.getuid?.() === 0
/** A line of a stack trace, or a control code of a terminal. */
const UNREADABLE = /\n\s+at |[^\P{Cc}\n]/u

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20)
}

test.each<[string, (dir: string) => Promise<string>, RegExp]>([
  [
    'a file',
    async (dir) => {
      await writeFile(join(dir, 'file'), 'x')
      return join(dir, 'file')
    },
    /\/file is no folder\. Name a new or an empty folder with --data\.$/,
  ],
  [
    'a path through a file',
    async (dir) => {
      await writeFile(join(dir, 'file'), 'x')
      return join(dir, 'file', 'data')
    },
    /\/data cannot be the data folder: a part of its path is a file\. Name another one with --data\.$/,
  ],
  [
    'a folder with other files',
    async (dir) => {
      for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await writeFile(join(dir, name), 'x')
      return dir
    },
    /has files that Onefold did not make \(a\.txt, b\.txt, c\.txt, …\)\. Name a new or an empty folder with --data\.$/,
  ],
  [
    'damaged keys',
    async (dir) => {
      await writeFile(join(dir, '.onefold-data'), '')
      await writeFile(join(dir, 'keys.json'), '{"publishableKey": 1}')
      return dir
    },
    /\/keys\.json is damaged: .* at \$\.publishableKey$/,
  ],
  [
    'a database that is not whole',
    async (dir) => {
      await writeFile(join(dir, '.onefold-data'), '')
      await mkdir(join(dir, 'postgres', 'base'), { recursive: true })
      return dir
    },
    /^The database in .*\/postgres is not whole: .*\nTo begin with an empty database: npm run reset -- --data \/\S+$/,
  ],
])('%s as the data folder is told in words', async (_, make, words) => {
  const dir = await make(await testFolder())
  const { code, out, err } = await run('start', ['--once', '--data', dir]).ended
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err.trim()).toMatch(words)
  expect(err).not.toMatch(UNREADABLE)
})

test('a folder that may not be written is told in words', async () => {
  const dir = await testFolder()
  if (!isRoot) await chmod(dir, 0o555)
  const { code, err } = await run('start', ['--once', '--data', dir], isRoot ? { uid: 65_534 } : {}).ended
  expect({ code, err }).toEqual({
    code: 1,
    err: `${dir} cannot be the data folder: Onefold may not write there. Name another one with --data.\n`,
  })
})

test('a taken port is told before the database is made', async () => {
  const dir = join(await testFolder(), 'data')
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => new Promise((done) => server.close(() => done())))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { code, err } = await run('start', ['--once', '--data', dir, '--port', String(port)]).ended
  const words = `Port ${port} is taken. Name another one with --port, or leave it out for a free one.\n`
  expect({ code, err }).toEqual({ code: 1, err: words })
  expect(await readdir(dir)).not.toContain('postgres')
})

test('an option that is none ends with 2', async () => {
  expect(await run('start', ['--onse']).ended).toMatchObject({ code: 2, err: expect.stringContaining("'--onse'") })
})

test('of two starts at once on a fresh folder one comes up, and the other and a reset name it', async () => {
  const dir = join(await testFolder(), 'data')
  const starts = [run('start', ['--data', dir]), run('start', ['--data', dir])] as const
  const first = await Promise.race(starts.map(async (start) => ({ start, ...(await start.ended) })))
  const up = starts[0] === first.start ? starts[1] : starts[0]
  const inUse = `${dir} is in use by process ${up.child.pid} (npm start). Stop that first, or name another folder with --data.\n`
  expect(first).toMatchObject({ code: 1, err: inUse })

  await until(() => up.said().includes('Stack ready') || up.child.exitCode !== null)
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 1, err: inUse })
  up.child.kill('SIGTERM')
  const { code, err } = await up.ended
  expect(code).toBe(143)
  expect(err).toMatch(/^✔ Stack ready in [\d.]+ s\n/)
  expect(err).not.toMatch(UNREADABLE)
  expect(await run('reset', ['--data', dir]).ended).toMatchObject({ code: 0 })
})

test('a start that is killed while the database is made leaves nothing half made', async () => {
  const dir = join(await testFolder(), 'data')
  const killed = run('start', ['--data', dir])
  await until(() => exists(join(dir, 'postgres.new', 'base')))
  killed.child.kill('SIGKILL')
  await killed.ended
  expect(await exists(join(dir, 'postgres'))).toBe(false)

  const next = run('start', ['--data', dir])
  await until(() => next.said().includes('Stack ready') || next.child.exitCode !== null)
  expect(next.said()).toContain('Stack ready')
  expect(await exists(join(dir, 'postgres.new'))).toBe(false)
})
