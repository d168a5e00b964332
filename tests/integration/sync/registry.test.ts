/** What TypeScript knows of syncs is what the database's registry says, and each has its function and its provider. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHANNEL_SYNCS, syncOf } from '../../../src/contract/syncs.ts'
import { b2chatProvider } from '../../../src/sync/b2chat/provider.ts'
import { messengerProvider } from '../../../src/sync/messenger/provider.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'

const home = resolve(import.meta.dirname, '../../..')
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('the list of syncs is that of the database', async () => {
  const { rows } = await database.pool.query(
    'select channel, what, function_name as "functionName" from crm_private.channel_syncs()',
  )
  expect(rows.length).toBeGreaterThan(0)
  expect([...CHANNEL_SYNCS]).toEqual(rows)
})

test('a channel has one sync at most', () => {
  for (const sync of CHANNEL_SYNCS) expect(syncOf(sync.channel)).toBe(sync)
  expect(syncOf('whatsapp')).toBeUndefined()
})

test('each sync has a provider that goes by the same names', () => {
  const providers = [messengerProvider(), b2chatProvider()]
  const named = providers.map(({ channel, functionName }) => ({ channel, functionName }))
  expect(named).toEqual(CHANNEL_SYNCS.map(({ channel, functionName }) => ({ channel, functionName })))
})

test('and a function that is deployed, under the name that its log line has', async () => {
  const config = await readFile(join(home, 'supabase/config.toml'), 'utf8')
  for (const { functionName } of CHANNEL_SYNCS) {
    const source = await readFile(join(home, 'functions', functionName, 'index.ts'), 'utf8')
    expect(source).toContain(`route: '${functionName}'`)
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(25)
    expect(config).toContain(`[functions.${functionName}]`)
  }
})
