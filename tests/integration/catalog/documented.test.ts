// The documents name every kind, channel and setting that is registered, and no other.
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { readChannels, readKinds } from './kit.ts'

const home = resolve(import.meta.dirname, '../../..')
const read = (file: string) => readFile(join(home, file), 'utf8')

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const settingRow = z.object({
  name: z.string(),
  belongs_to: z.enum(['workspace', 'channel_account']),
  channel: z.string().nullable(),
  type: z.string(),
  default_value: z.string().nullable(),
})
type Setting = z.infer<typeof settingRow>

/** Whose a setting is, in the documents' words. */
function ownerOf({ belongs_to, channel }: Setting): string {
  if (belongs_to === 'workspace') return 'workspaces'
  return channel === null ? 'all accounts' : `\`${channel}\` accounts`
}

/** The cells of the table under these heads. */
function tableOf(markdown: string, heads: string): string[][] {
  const [, table] = markdown.split(`| ${heads} |\n`)
  if (table === undefined) throw new Error(`There is no table with the heads ${heads}.`)
  const lines = table.split('\n').slice(1)
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

test('the table of settings is the registry', async () => {
  const { rows } = await database.pool.query(
    'select name, belongs_to, channel, type, default_value::text from crm_private.settings()',
  )
  const registered = z.array(settingRow).parse(rows)
  const table = tableOf(await read('docs/operations.md'), 'setting | of | type | default | is')
  expect(table.map((cells) => cells.slice(0, 4))).toEqual(
    registered.map((setting) => [
      `\`${setting.name}\``,
      ownerOf(setting),
      setting.type,
      setting.default_value === null ? 'none' : `\`${setting.default_value}\``,
    ]),
  )
  for (const [name, , , , meaning] of table) expect(meaning, name).not.toBe('')
})

test('what cannot change later is what an update refuses', async () => {
  const { rows } = await database.pool.query(`
    select (regexp_matches(p.prosrc, $$refuse_if_in_use\\('(\\w+)'$$, 'g'))[1] as name
    from pg_proc p
    where p.proname in ('update_workspace', 'update_channel_account')`)
  const guarded = z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map(({ name }) => name)
  const table = tableOf(await read('docs/operations.md'), 'value | can change while | so set it')
  const listed = table.map(([name = '']) => name.replaceAll('`', '').replace(/^the (\w+) (\w+)$/, '$1_$2'))
  expect(listed.sort()).toEqual(guarded.sort())
})

test('the glossary has all kinds and channels, in order', async () => {
  const glossary = await read('docs/glossary.md')
  const named = (word: string) => {
    const row = glossary.split('\n').find((line) => line.startsWith(`| ${word} |`)) ?? ''
    return [...(row.split('|')[2] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
  }
  expect(named('channel')).toEqual(await readChannels(database.pool))
  expect(named('kind')).toEqual((await readKinds(database.pool)).map(({ kind }) => kind))
})

test('no document tells anybody to write settings past the functions', async () => {
  const files = (await readdir(join(home, 'docs'), { recursive: true })).filter((file) => file.endsWith('.md'))
  for (const file of ['README.md', ...files.map((name) => join('docs', name))]) {
    expect(await read(file), file).not.toMatch(/update\s+crm\.(channel_accounts|workspaces|workspace_members)\b/i)
  }
})
