import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const home = resolve(import.meta.dirname, '../../..')
const text = await readFile(join(home, 'docs/contact-identity.md'), 'utf8')
const named = [...text.matchAll(/`([\w./-]+\.ts|[\w./-]+\.test\.sql)`/g)].map(([, path]) => path ?? '')

test('every test that the document on contact identity names is there', () => {
  expect(named.length).toBeGreaterThan(0)
  const missing = named.filter(
    (path) => !existsSync(join(home, path.startsWith('tests/') ? path : `tests/sql/${path}`)),
  )
  expect(missing).toEqual([])
})

test('every behaviour of upsert_contact that has a test is in the document', async () => {
  const files = (await readdir(join(home, 'tests/sql/upsert_contact'))).map((file) => `upsert_contact/${file}`)
  expect(files.filter((file) => !named.includes(file))).toEqual([])
})
