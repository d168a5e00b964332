import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { externalStack } from '../../../src/local/stack.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'

let database: TestDatabase
let admin: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await database.drop()
})

async function refusal(call: string): Promise<unknown> {
  try {
    await database.pool.query(`select ${call}`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return { code: error.code, detail: JSON.parse(error.detail ?? 'null'), hint: error.hint }
  }
  return 'no error'
}

// On a stack that was there before, nobody takes its extensions away.
test.skipIf(externalStack())('jobs are refused by the name of the extension that is missing', async () => {
  const schedule = `crm.schedule_jobs('https://example.supabase.co', 'key')`
  for (const [schema, extension] of [
    ['vault', 'supabase_vault'],
    ['net', 'pg_net'],
    ['cron', 'pg_cron'],
  ]) {
    await admin.query(`drop schema ${schema} cascade`)
    const missing = {
      code: 'PT400',
      detail: { code: 'missing_extension', extension },
      hint: expect.stringContaining(`create extension ${extension}`),
    }
    expect(await refusal(schedule)).toEqual(missing)
    // What is scheduled can be removed as long as there is a schedule.
    expect(await refusal('crm.unschedule_jobs()')).toEqual(extension === 'pg_cron' ? missing : 'no error')
  }
})
