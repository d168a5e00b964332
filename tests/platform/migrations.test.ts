import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkMigrations, draftMigration, writeBaseline } from '../../scripts/db-migration.ts'
import { baselineName } from '../../scripts/lib/baseline.ts'
import { release } from '../../scripts/lib/releases.ts'
import { makeSmallProject } from './small-project.ts'

let project: Awaited<ReturnType<typeof makeSmallProject>>

beforeEach(async () => {
  project = await makeSmallProject()
})

afterEach(() => project.remove())

const changeSql = () =>
  appendFile(join(project.sql, '010_base/10_tables.sql'), '\ncreate table crm.more (id int primary key);\n')
const readBaseline = () => readFile(join(project.migrations, baselineName), 'utf8')

describe('before the first release', () => {
  test('the baseline holds every file in path order, each after a line that names it', async () => {
    const lines = (await readBaseline()).split('\n').filter((line) => line.startsWith('--'))
    expect(lines[0]).toContain('never edited by hand')
    expect(lines.slice(1)).toEqual([
      '-- sql/010_base/10_tables.sql',
      '-- sql/010_base/fn_shout.sql',
      '-- sql/010_base/trg_trim.sql',
    ])
  })

  test('a change in sql makes the check fail until the baseline is written again', async () => {
    expect(await checkMigrations(project)).toEqual([])
    await changeSql()
    expect(await checkMigrations(project)).toHaveLength(1)
    await writeBaseline(project)
    expect(await checkMigrations(project)).toEqual([])
    expect(await readBaseline()).toContain('create table crm.more')
  })

  test('a migration edited by hand makes the check fail', async () => {
    await appendFile(join(project.migrations, baselineName), 'select 1;\n')
    expect(await checkMigrations(project)).toHaveLength(1)
  })

  test('a baseline that is missing makes the check fail', async () => {
    await rm(join(project.migrations, baselineName))
    expect(await checkMigrations(project)).toHaveLength(1)
  })

  test('no second migration can be drafted', async () => {
    await expect(draftMigration('add_more', project)).rejects.toThrow('Nothing has been released')
  })
})

describe('after the first release', () => {
  beforeEach(async () => {
    expect(await release(project.migrations, '0.1.0')).toEqual([baselineName])
  })

  test('the baseline is not written again, and a change in sql is the drift check’s', async () => {
    const before = await readBaseline()
    await changeSql()
    await expect(writeBaseline(project)).rejects.toThrow('has been released')
    expect(await readBaseline()).toBe(before)
    expect(await checkMigrations(project)).toEqual([])
  })

  test('a released migration that was changed makes the check fail', async () => {
    await appendFile(join(project.migrations, baselineName), 'select 1;\n')
    expect(await checkMigrations(project)).toEqual([expect.stringContaining(baselineName)])
  })

  test('a released migration that was removed makes the check fail', async () => {
    await rm(join(project.migrations, baselineName))
    expect(await checkMigrations(project)).toEqual([expect.stringContaining(baselineName)])
  })

  test('the next release holds the new migration only', async () => {
    await writeFile(join(project.migrations, '20270101000000_add_more.sql'), 'select 1;\n')
    expect(await release(project.migrations, '0.2.0')).toEqual(['20270101000000_add_more.sql'])
    expect(await release(project.migrations, '0.3.0')).toEqual([])
  })

  test('a migration’s name is a plain word', async () => {
    await expect(draftMigration('Add more!', project)).rejects.toThrow('lower-case')
  })
})
