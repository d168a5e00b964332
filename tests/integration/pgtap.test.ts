import { relative, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listSql } from '../../src/local/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { runTapFile } from '../harness/pgtap.ts'

// One test for each tests/sql/**/*.test.sql. They share a database, since each rolls back what it did.
const home = resolve(import.meta.dirname, '../sql')
const files = (await listSql(home)).filter((file) => file.endsWith('.test.sql'))

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('there are pgTAP files', () => {
  expect(files.length).toBeGreaterThan(0)
})

test.each(files.map((file) => relative(home, file)))('%s', async (file) => {
  const report = await runTapFile(database.url, resolve(home, file))
  expect(report).toMatchObject({ failures: [], problems: [] })
})
