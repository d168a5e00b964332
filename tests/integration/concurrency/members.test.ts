import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox } from '../ingest/sandbox.ts'
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

const emails = z.array(z.object({ email: z.string() })).transform((rows) => rows.map(({ email }) => email))

interface Owners {
  workspaceId: string
  ana: string
  leo: string
}

async function createOwners(): Promise<Owners> {
  const { workspaceId } = await createSandbox(database.pool, [])
  const owners = { workspaceId, ana: `ana-${randomUUID()}@x.test`, leo: `leo-${randomUUID()}@x.test` }
  for (const email of [owners.ana, owners.leo]) {
    await database.pool.query(`select tests.create_member($1, $2, 'owner')`, [workspaceId, email])
  }
  return owners
}

/** In a transaction that is open. */
async function call(connection: pg.ClientBase, by: string, text: string, values: readonly string[]): Promise<void> {
  await connection.query('select tests.authenticate_as($1)', [by])
  await connection.query(text, [...values])
}

/** In a transaction of its own; the code of the refusal, where it is refused. */
async function outcomeOf(connection: pg.ClientBase, by: string, text: string, values: readonly string[]) {
  await connection.query('begin')
  try {
    await call(connection, by, text, values)
    await connection.query('commit')
    return 'done'
  } catch (error) {
    await connection.query('rollback')
    if (!(error instanceof pg.DatabaseError)) throw error
    return z.object({ code: z.string() }).parse(JSON.parse(error.detail ?? '{}')).code
  }
}

async function ownersOf(workspaceId: string): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select u.email from crm.workspace_members m join auth.users u on u.id = m.user_id
      where m.workspace_id = $1 and m.role = 'owner' order by 1`,
    [workspaceId],
  )
  return emails.parse(rows)
}

const REMOVE = 'select crm.remove_member($1, tests.user_id($2))'
const DEMOTE = `select crm.add_member($1, tests.user_id($2), 'viewer')`

test.each([
  { first: REMOVE, second: REMOVE, does: 'remove each other' },
  { first: REMOVE, second: DEMOTE, does: 'remove and demote each other' },
  { first: DEMOTE, second: REMOVE, does: 'demote and remove each other' },
])('of two owners who $does at once, the first one stays', async ({ first, second }) => {
  const { workspaceId, ana, leo } = await createOwners()
  const outcome = await interleaved(
    database.pool,
    one,
    other,
    (connection) => call(connection, ana, first, [workspaceId, leo]),
    (connection) => outcomeOf(connection, leo, second, [workspaceId, ana]),
  )
  expect(outcome).toBe('last_owner')
  expect(await ownersOf(workspaceId)).toEqual([ana])
})

test('however often two owners remove each other at once, one of them stays', async () => {
  for (let round = 0; round < 25; round += 1) {
    const { workspaceId, ana, leo } = await createOwners()
    const outcomes = await Promise.all([
      outcomeOf(one, ana, REMOVE, [workspaceId, leo]),
      outcomeOf(other, leo, REMOVE, [workspaceId, ana]),
    ])
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
    expect(['forbidden', 'last_owner']).toContain(outcomes.find((outcome) => outcome !== 'done'))
    expect(await ownersOf(workspaceId)).toHaveLength(1)
  }
})

test('a member whom two owners remove at once is removed once, and the second is told', async () => {
  const { workspaceId, ana, leo } = await createOwners()
  const eva = `eva-${randomUUID()}@x.test`
  await database.pool.query(`select tests.create_member($1, $2, 'agent')`, [workspaceId, eva])
  const outcome = await interleaved(
    database.pool,
    one,
    other,
    (connection) => call(connection, ana, REMOVE, [workspaceId, eva]),
    (connection) => outcomeOf(connection, leo, REMOVE, [workspaceId, eva]),
  )
  expect(outcome).toBe('not_found')
  expect(await ownersOf(workspaceId)).toEqual([ana, leo].sort())
})
