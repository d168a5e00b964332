import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { expectInvariants } from '../invariants.ts'
import { type Id, keyOf, type Word } from './oracle.ts'
import { createWorld, deliver, picture } from './world.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

// It can be written in two ways, so its owner is looked up once more after the claim.
const phone: Id = { kind: 'phone', scope: '', value: '+5511987654321' }
const mail: Id = { kind: 'email', scope: '', value: 'ana@example.com' }

/** Somebody who has an exclusive id of their own, and whoever comes with another one and the same phone. */
const cases: { kind: string; source: Word['source']; first: Id; second: Id }[] = [
  {
    kind: 'two psids of one page',
    source: 'chat_embedded',
    first: { kind: 'psid', scope: 'page', value: 'P1' },
    second: { kind: 'psid', scope: 'page', value: 'P2' },
  },
  {
    kind: 'two records of the contacts API',
    source: 'contacts_api',
    first: { kind: 'b2chat_id', scope: 'contacts', value: '1' },
    second: { kind: 'b2chat_id', scope: 'contacts', value: '2' },
  },
]

test.each(cases)(
  'I1: an id is not given to a contact that was merged away while it was being claimed: $kind',
  async ({ source, first, second }) => {
    const world = await createWorld(database.pool)
    const say = (connection: pg.Pool | pg.ClientBase, by: Word['source'], ...identities: Id[]) =>
      deliver(connection, world, [{ to: 'contacts', source: by, identities }])
    await say(database.pool, source, first, mail)
    await say(database.pool, 'chat_embedded', phone)

    // It finds the phone's stub, and then waits for somebody else who claims its id.
    const [holder, waiter] = await Promise.all([database.client(), database.client()])
    await holder.query('begin')
    await say(holder, source, second)
    const waited = say(waiter, source, second, phone)
    waited.catch(() => {})
    await somebodyWaits()
    // Meanwhile the phone turns out to be the first one's, and nobody has claimed the id after all.
    await say(database.pool, 'chat_embedded', mail, phone)
    await holder.query('rollback')
    await waited

    const full = source === 'contacts_api' ? 'full' : 'stub'
    const one = source === 'contacts_api' ? [first, mail, phone] : [mail, phone, first]
    const people = [`${full} ${one.map(keyOf).join(' ')}`, `${full} ${keyOf(second)}`]
    expect(await picture(database.pool, world)).toEqual({ people: people.sort(), candidates: [people.join(' | ')] })
    await expectInvariants(database.pool)
  },
)

/** Until one session of this database waits for another. */
async function somebodyWaits(): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and state = 'active' and wait_event_type = 'Lock'`,
    )
    expect(rows.length).toBe(1)
  })
}
