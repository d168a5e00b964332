import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const home = resolve(import.meta.dirname, '../../..')
const text = await readFile(join(home, 'docs/conversation-sync.md'), 'utf8')

/** Every test that is named, and a part of its title where one is: `path` “title”. */
const named = [...text.matchAll(/`([\w./-]+\.test\.(?:ts|sql))`(?: “([^”]+)”)?/g)].map(([, path = '', title]) => ({
  path: path.startsWith('tests/') ? path : `tests/sql/${path}`,
  title,
}))

test('every test that the document on conversation sync names is there', () => {
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter(({ path }) => !existsSync(join(home, path)))).toEqual([])
})

test('and has the title that it gives', async () => {
  const wrong = await Promise.all(
    named.map(async (one) => {
      const isThere = !one.title || (await readFile(join(home, one.path), 'utf8')).includes(one.title)
      return isThere ? [] : [one]
    }),
  )
  expect(wrong.flat()).toEqual([])
})

test('each of the fifteen flaws and eight moderate ones is held by a test', () => {
  const held = [...text.matchAll(/^\| (M?\d+) \|.*\.test\.(?:ts|sql)`/gm)].map(([, number]) => number)
  const numbers = (count: number, prefix = '') => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
  expect(held).toEqual([...numbers(15), ...numbers(8, 'M')])
})

test('every code that a run can end with is in the document', async () => {
  const files = ['messenger/provider.ts', 'b2chat/provider.ts', 'failure.ts', 'run.ts']
  const source = (await Promise.all(files.map((name) => readFile(join(home, 'src/sync', name), 'utf8')))).join('\n')
  const codes = [
    ...source.matchAll(/status: '\w+', code: '([a-z_]+)'/g),
    ...source.matchAll(/error: '([a-z_]+)'/g),
  ].map(([, code]) => code ?? '')
  expect(codes.length).toBeGreaterThan(20)
  expect(codes.filter((code) => !new RegExp(`^\\| .*\`${code}\`.* \\| (paused|failed) \\|`, 'm').test(text))).toEqual(
    [],
  )
})

test('every test of what a run does in SQL is either in the document or about bad input', async () => {
  const folders = ['start_sync', 'commit_sync_page', 'finish_sync', 'take_rate_limit', 'active_syncs', 'sync_health']
  const files = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(home, 'tests/sql', folder))).map((file) => `tests/sql/${folder}/${file}`),
    ),
  )
  const known = new Set(named.map(({ path }) => path))
  expect(files.flat().filter((file) => !file.includes('/refuses_bad_input') && !known.has(file))).toEqual([])
})
