import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { type Repeats, retried } from '../concurrency/retry.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'
import { peopleOf } from './sync-kit.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

const Counts = z.tuple([z.object({ processed: z.number(), created: z.number(), failed: z.number() })])

test('I1, I9: many transforms at once do each record once, and no person or message twice', async () => {
  const { workspaceId, accounts } = await createSandbox(database.pool, [['b2chat', freshId('merchant')]])
  const { contacts, chats } = peopleOf(91, 150)
  for (const [entity, records] of [
    ['contacts', contacts],
    ['chats', chats],
  ] as const) {
    await database.pool.query('select crm.land_raw_records($1, $2, $3)', [
      accounts[0]?.id,
      entity,
      JSON.stringify(records),
    ])
  }

  const repeats: Repeats = { count: 0, most: 0 }
  const sums = { contacts: 0, chats: 0, conversations: 0, failed: 0 }
  const work = async (entity: 'contacts' | 'chats') => {
    for (let processed = 1; processed > 0; ) {
      const { rows } = await retried(
        () => database.pool.query(`select processed, created, failed from crm.transform_raw_${entity}(7)`),
        repeats,
      )
      const [counts] = Counts.parse(rows)
      processed = counts.processed
      sums[entity] += counts.processed
      sums.failed += counts.failed
      if (entity === 'chats') sums.conversations += counts.created
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, lane) => work(lane % 2 === 0 ? 'contacts' : 'chats')))

  expect(sums).toEqual({ contacts: contacts.length, chats: chats.length, conversations: chats.length, failed: 0 })
  const count = async (sql: string) => {
    const { rows } = await database.pool.query(`select count(*)::int as count ${sql}`, [workspaceId])
    return z.tuple([z.object({ count: z.number() })]).parse(rows)[0].count
  }
  expect(await count('from crm.messages where workspace_id = $1')).toBe(
    chats.flatMap(({ messages }) => messages).length,
  )
  expect(await count(`from crm.raw_records where workspace_id = $1 and attempts <> 1`)).toBe(0)
  // Every record of the contacts export is one person, and nobody else is full.
  expect(
    await count(`from crm.contacts where workspace_id = $1 and merged_into_id is null and not needs_full_sync`),
  ).toBe(contacts.length)
  expect(
    await count(`from crm.contact_identities i join crm.contacts c on c.workspace_id = i.workspace_id and c.id = i.contact_id
      where i.workspace_id = $1 and c.merged_into_id is not null`),
  ).toBe(0)
})
