import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox, freshId, given } from '../ingest/sandbox.ts'
import { interleaved } from './interleave.ts'

let database: TestDatabase
let one: pg.Client
let other: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  one = await database.client()
  other = await database.client()
})
afterAll(() => database.drop())

const settingsRow = z.tuple([z.object({ settings: z.record(z.string(), z.unknown()) })])
const workspaceRow = z.tuple([z.object({ name: z.string(), default_country: z.string() })])

async function createMerchant(): Promise<{ workspaceId: string; accountId: string }> {
  const { workspaceId, accounts } = await createSandbox(database.pool, [['b2chat', freshId('merchant')]])
  return { workspaceId, accountId: given(accounts[0]).id }
}

async function change(connection: pg.ClientBase, accountId: string, settings: object): Promise<unknown> {
  const { rows } = await connection.query('select crm.update_channel_account($1, $2) as settings', [
    accountId,
    settings,
  ])
  return settingsRow.parse(rows)[0].settings
}

async function settingsOf(accountId: string): Promise<unknown> {
  const { rows } = await database.pool.query('select settings from crm.channel_accounts where id = $1', [accountId])
  return settingsRow.parse(rows)[0].settings
}

test('of two admins who change different settings at once, neither undoes what the other did', async () => {
  const { accountId } = await createMerchant()
  const seen = await interleaved(
    database.pool,
    one,
    other,
    (connection) => change(connection, accountId, { time_zone: 'America/Bogota' }),
    (connection) => change(connection, accountId, { sync_from: '2026-01-31' }),
  )
  const both = { time_zone: 'America/Bogota', sync_from: '2026-01-31' }
  expect(seen).toEqual(both)
  expect(await settingsOf(accountId)).toEqual(both)
})

test('a removal and a change at once are both kept', async () => {
  const { accountId } = await createMerchant()
  await change(one, accountId, { time_zone: 'America/Lima', sync_from: '2026-01-31' })
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => change(connection, accountId, { sync_from: null }),
    (connection) => change(connection, accountId, { shared_contact_ids: true }),
  )
  expect(await settingsOf(accountId)).toEqual({ time_zone: 'America/Lima', shared_contact_ids: true })
})

test('of the name and the country of a workspace, changed at once, both are kept', async () => {
  const { workspaceId } = await createMerchant()
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => connection.query(`select crm.update_workspace($1, '{}', 'Renamed')`, [workspaceId]),
    (connection) => connection.query(`select crm.update_workspace($1, '{}', p_default_country => 'MX')`, [workspaceId]),
  )
  const { rows } = await database.pool.query('select name, default_country from crm.workspaces where id = $1', [
    workspaceId,
  ])
  expect(workspaceRow.parse(rows)[0]).toEqual({ name: 'Renamed', default_country: 'MX' })
})

test('a storm of changes from eight connections ends with the last word on every setting', async () => {
  const { accountId } = await createMerchant()
  const connections = await Promise.all(Array.from({ length: 8 }, () => database.client()))
  const words = [
    { time_zone: 'America/Bogota' },
    { sync_from: '2026-01-31' },
    { shared_contact_ids: true },
    { time_zone: 'America/Bogota', sync_from: '2026-01-31' },
  ]
  await Promise.all(
    connections.map(async (connection, place) => {
      for (let round = 0; round < 5; round += 1) {
        await change(connection, accountId, given(words[(place + round) % words.length]))
      }
    }),
  )
  expect(await settingsOf(accountId)).toEqual(Object.assign({}, ...words))
})
