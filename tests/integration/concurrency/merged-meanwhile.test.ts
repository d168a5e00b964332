import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
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

const idSchema = z.tuple([z.object({ id: z.string() })]).transform(([row]) => row.id)

async function upsert(connection: pg.Pool | pg.ClientBase, workspaceId: string, contact: unknown): Promise<string> {
  const { rows } = await connection.query(`select contact_id as id from crm.upsert_contact($1, 'chat_embedded', $2)`, [
    workspaceId,
    JSON.stringify(contact),
  ])
  return idSchema.parse(rows)
}

async function ownerOf(workspaceId: string, kind: string): Promise<string> {
  const { rows } = await database.pool.query(
    'select contact_id as id from crm.contact_identities where workspace_id = $1 and kind = $2',
    [workspaceId, kind],
  )
  return idSchema.parse(rows)
}

test('I1: the backfill gives no phone to a contact that is merged away meanwhile', async () => {
  const { workspaceId } = await createSandbox(database.pool, [])
  const survivor = await upsert(database.pool, workspaceId, { email: 'ana@example.com' })
  const { rows } = await database.pool.query(
    `insert into crm.contacts (workspace_id, mobile, sync_source, needs_full_sync)
     values ($1, '+573004445566', 'chat_embedded', true) returning id`,
    [workspaceId],
  )
  const duplicate = idSchema.parse(rows)
  await interleaved(
    database.pool,
    one,
    other,
    (connection) => connection.query(`select crm.merge_contacts($1, $2, 'the same')`, [survivor, duplicate]),
    (connection) => connection.query('select crm.backfill_phones($1, false)', [workspaceId]),
  )
  // Whoever has the number now, it is nobody who was merged away.
  expect(await upsert(database.pool, workspaceId, { mobile: '+573004445566' })).not.toBe(duplicate)
  await expectInvariants(database.pool)
})

test('I1: a contact that is deleted while somebody adds to it does not come back without its identities', async () => {
  const { workspaceId } = await createSandbox(database.pool, [])
  const deleted = await upsert(database.pool, workspaceId, { email: 'dora@example.com' })
  const added = await interleaved(
    database.pool,
    one,
    other,
    (connection) =>
      connection.query('delete from crm.contacts where workspace_id = $1 and id = $2', [workspaceId, deleted]),
    (connection) => upsert(connection, workspaceId, { email: 'dora@example.com', mobile: '+573007654321' }),
  )
  expect(added).not.toBe(deleted)
  expect([await ownerOf(workspaceId, 'email'), await ownerOf(workspaceId, 'phone')]).toEqual([added, added])
  await expectInvariants(database.pool)
})
