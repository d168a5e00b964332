import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'

const home = resolve(import.meta.dirname, '../../..')
const text = await readFile(join(home, 'docs/operations.md'), 'utf8')

let database: TestDatabase
let workspaceId: string
beforeAll(async () => {
  database = await createTestDatabase()
  workspaceId = (await createSandbox(database.pool, [['messenger', freshId('PAGE')]])).workspaceId
})
afterAll(() => database.drop())

/** The rows of the table with this head, as cells without links and code marks. */
function rowsBelow(head: string): string[][] {
  const table = text.split(`\n${head}\n`)[1]?.split('\n\n')[0] ?? ''
  return table
    .split('\n')
    .slice(1)
    .map((row) =>
      row
        .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
        .replaceAll('`', '')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

test('the table of checks says what the checks say of themselves', async () => {
  const { rows } = await database.pool.query(
    'select distinct "check", severity, title, remedy from crm.sync_health where workspace_id = $1',
    [workspaceId],
  )
  expect(rows.length).toBeGreaterThan(0)
  const checks = rows.map(({ check, severity, title, remedy }) => [check, severity, title, remedy])
  expect(rowsBelow('| check | severity | title | remedy |').toSorted()).toEqual(checks.toSorted())
})

test('and the table of when they are not ok has the same checks', () => {
  const names = (head: string) => rowsBelow(head).map(([name]) => name)
  expect(names('| check | is not ok | until |')).toEqual(names('| check | severity | title | remedy |'))
})
