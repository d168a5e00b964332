import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox, freshId, given, ingestPage, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 6 }, () => database.client()))
})
afterAll(() => database.drop())

const rowSchema = z.tuple([z.object({ version: z.coerce.number(), tags: z.number() })])

async function read(connection: pg.ClientBase | pg.Pool, id: string): Promise<z.infer<typeof rowSchema>[0]> {
  const { rows } = await connection.query(
    `select v.version, (select count(*)::int from crm.conversation_tags t where t.conversation_id = v.id) as tags
      from crm.conversations v where v.id = $1`,
    [id],
  )
  return rowSchema.parse(rows)[0]
}

function said(message: number): InboundItem {
  return {
    participant: { identities: [{ kind: 'psid', value: 'PSID-V' }] },
    events: [
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: `m${message}`,
        occurred_at: 1_763_700_000_000 + message,
      },
    ],
  }
}

test('I12: of people and messages that change one conversation at once, no change is lost and none is made twice', async () => {
  const { accounts } = await createSandbox(database.pool, [['messenger', freshId('PAGE')]])
  const account = given(accounts[0])
  const [opened] = await ingestPage(database.pool, account, [{ ...said(0), events: [] }])
  const id = given(opened?.conversation_id)
  const initial = await read(database.pool, id)
  const messages = Array.from({ length: 120 }, (_, message) => message)
  let made = 0
  let refused = 0

  const ingest = async (connection: pg.Client) => {
    for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
      await ingestWebhook(connection, account, [said(message)])
    }
  }
  const change = async (connection: pg.Client, name: string) => {
    for (let count = 0; count < 25; ) {
      const { version } = await read(connection, id)
      const patch = { status: count % 2 === 0 ? 'pending' : 'open', tags_add: [`${name} ${count}`] }
      try {
        await connection.query('select crm.update_conversation($1, $2, $3)', [id, version, JSON.stringify(patch)])
        count += 1
        made += 1
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== 'PT409') throw error
        expect(JSON.parse(error.detail ?? '{}')).toMatchObject({ code: 'version_conflict' })
        refused += 1
      }
    }
  }
  await Promise.all([
    ...connections.slice(0, 3).map(ingest),
    ...connections.slice(3).map((connection, index) => change(connection, `agent ${index}`)),
  ])

  expect(made).toBe(75)
  const final = await read(database.pool, id)
  expect(final).toEqual({ version: initial.version + 120 + made, tags: made })
  console.info(`Versions: 120 messages, ${made} changes made, ${refused} refused for a stale version`)
  await expectInvariants(database.pool)
})
