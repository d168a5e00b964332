import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Identity, InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { inLanes, type Repeats, randomNumbers, retried, shuffled } from '../concurrency/retry.ts'
import { expectInvariants } from '../invariants.ts'
import { type Account, countRows, createSandbox, freshId, given, ingestWebhook } from './sandbox.ts'

const CONNECTIONS = 20
const PHOTOS = 20
const ROUNDS = 10

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => database.client()))
})
afterAll(() => database.drop())

const wa: Identity = { kind: 'wa_id', value: '573001112244' }
const user: Identity = { kind: 'bsuid', scope: 'WABA1', value: 'CO.STORM' }
const psid: Identity = { kind: 'psid', value: 'PSID-STORM' }

/** One photo of the album, from a person known by these ids. */
function photo(number: number, identities: Identity[]): InboundItem {
  return {
    participant: { identities },
    events: [
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: `photo-${number}`,
        occurred_at: 1_763_700_000_000 + number * 1000,
        attachments: [{ type: 'image', id: number }],
      },
    ],
  }
}

test.each([
  { channel: 'messenger', knownBy: 'the page-scoped id', namings: [[psid]] },
  { channel: 'whatsapp', knownBy: 'the phone only', namings: [[wa]] },
  { channel: 'whatsapp', knownBy: 'the user id only', namings: [[user]] },
  { channel: 'whatsapp', knownBy: 'phone and user id', namings: [[wa, user]] },
  { channel: 'whatsapp', knownBy: 'phone, user id, or both', namings: [[wa], [user], [wa, user]] },
] as const)(
  'I1 I9 I10: an album with every delivery twice over 20 connections, from a new person known by $knownBy on $channel',
  { timeout: 60_000 },
  async ({ channel, knownBy, namings }) => {
    const random = randomNumbers(knownBy.length)
    const repeats: Repeats = { count: 0, most: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const { workspaceId, accounts } = await createSandbox(database.pool, [[channel, freshId('ALBUM')]])
      const account = given(accounts[0], 'account')
      const album = Array.from({ length: PHOTOS }, (_, number) =>
        photo(number, [...given(namings[number % namings.length], 'naming')]),
      )
      await storm(account, shuffled([...album, ...album], random), repeats)
      expect(await countRows(database.pool, workspaceId)).toEqual({
        contacts: 1,
        conversations: 1,
        messages: PHOTOS,
        events: PHOTOS,
      })
    }
    console.info(`Storm by ${knownBy}: ${ROUNDS} albums, ${repeats.count} calls repeated, ${repeats.most} the most`)
    // Each costs a second of waiting: one in a hundred is a rare crossing, more is an order of locks that is wrong.
    expect(repeats.count).toBeLessThanOrEqual((ROUNDS * 2 * PHOTOS) / 100)
    await expectInvariants(database.pool)
  },
)

async function storm(account: Account, items: readonly InboundItem[], repeats: Repeats): Promise<void> {
  let stored = 0
  await inLanes(items, connections.length, async (item, lane) => {
    const connection = given(connections[lane], 'connection')
    const counts = await retried(() => ingestWebhook(connection, account, [item]), repeats)
    expect(counts).toMatchObject({ received: 1, failed: 0 })
    stored += counts.received - counts.duplicates
  })
  expect(stored).toBe(PHOTOS)
}
