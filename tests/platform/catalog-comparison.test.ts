import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkComments } from '../../scripts/check-comments.ts'
import { compareCatalogs, type Fact, readCatalog, readCatalogOn } from '../../scripts/lib/catalog.ts'
import { startProjectDatabases } from '../../scripts/lib/project-databases.ts'
import { runScript } from './query.ts'
import { changes, makeSmallProject } from './small-project.ts'

let project: Awaited<ReturnType<typeof makeSmallProject>>
let databases: Awaited<ReturnType<typeof startProjectDatabases>>
let sql: Fact[]

beforeAll(async () => {
  project = await makeSmallProject()
  databases = await startProjectDatabases(project)
  sql = await readCatalog(await databases.fromSql())
}, 60_000)

afterAll(async () => {
  await databases.stop()
  await project.remove()
})

describe('the catalog comparison', () => {
  test('finds nothing between sql and the baseline made from it', async () => {
    expect(sql.length).toBeGreaterThan(20)
    expect(compareCatalogs(await readCatalog(await databases.fromMigrations()), sql)).toEqual([])
  })

  test.for(Object.entries(changes))('finds %s', async ([, change]) => {
    const client = new Client({ connectionString: await databases.fromMigrations() })
    await client.connect()
    try {
      await client.query('begin')
      await client.query(change)
      expect(compareCatalogs(await readCatalogOn(client), sql)).not.toEqual([])
      await client.query('rollback')
    } finally {
      await client.end()
    }
  })
})

test('the comment check names the function that has none', async () => {
  expect(await checkComments(databases)).toEqual([])
  await runScript(await databases.fromMigrations(), 'create function crm.mute() returns int language sql return 1')
  expect(await checkComments(databases)).toEqual(['There is no comment on function crm.mute().'])
})
