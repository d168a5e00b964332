import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const home = resolve(import.meta.dirname, '../../..')
const text = await readFile(join(home, 'docs/security.md'), 'utf8')
const files = (await readdir(join(home, 'sql'), { recursive: true })).filter((file) => file.endsWith('.sql'))
const sql = await Promise.all(files.map((file) => readFile(join(home, 'sql', file), 'utf8')))
const grants = await readFile(join(home, 'sql/990_grants/10_grants.sql'), 'utf8')

/** The rows of "may be run by": the functions and by whom. */
const table = text.split('| function of schema `crm` | may be run by |')[1]?.split('\n\n')[0] ?? ''
const rows = [...table.matchAll(/^\| (`.+`) \| (.+) \|$/gm)].map(([, functions = '', who = '']) => ({
  functions: [...functions.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  who,
}))
const listed = (of: (who: string) => boolean) =>
  rows
    .filter(({ who }) => of(who))
    .flatMap(({ functions }) => functions)
    .sort()

test('the table of who may run what has every function of the schema once', () => {
  const created = sql.flatMap((one) => [...one.matchAll(/^create function crm\.(\w+)/gm)].map(([, name]) => name))
  expect(created.length).toBeGreaterThan(0)
  expect(listed(() => true)).toEqual(created.sort())
})

test('and names as members what is granted to members', () => {
  const granted = grants.split('grant execute on function\n')[1] ?? ''
  const names = [...granted.matchAll(/^ {2}crm\.(\w+)\(/gm)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(0)
  expect(listed((who) => /^(every signed-in user|viewers|agents|admins|owners)\b/.test(who))).toEqual(names.sort())
})
