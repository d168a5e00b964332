import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { expectInvariants } from '../invariants.ts'
import { type Id, Oracle, type Word } from './oracle.ts'
import { createWorld, type Delivery, deliver, picture } from './world.ts'

// Anything may be said of anybody here, also what can't be true: whatever it is, the database and the rules agree on who is one
// person, step by step. Where that depends on the order of arrival, both have the same order.
const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const RUNS = Number(process.env.ONEFOLD_PROPERTY_RUNS ?? 60)

let database: TestDatabase
let connection: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  connection = await database.client()
})
afterAll(() => database.drop())

const one = (kind: Id['kind'], scope: string, ...values: string[]) =>
  fc.constantFrom(...values).map((value): Id => ({ kind, scope, value }))
const kinds = {
  psid: one('psid', 'page', 'P1', 'P2', 'hidden'),
  wa: one('wa_id', '', '5511987654321', '551187654321', '5215512345678'),
  user: one('bsuid', 'WABA1', 'CO.1', 'CO.2'),
  chat: one('b2chat_id', 'chats', '1', '2'),
  card: one('b2chat_id', 'contacts', '1', '2'),
  paper: one('identification', '', 'I1', 'I2', '000'),
  phone: one('phone', '', '+5511987654321', '+551187654321', '+525512345678', '+573001112233'),
  mail: one('email', '', 'a@x.co', 'b@x.co'),
  mail2: one('email', '', 'b@x.co', 'c@x.co'),
}
/** Up to four identities, at most one of a kind that a person has only one of. */
const named = fc
  .tuple(fc.record(kinds), fc.subarray(Object.keys(kinds), { maxLength: 4 }))
  .map(([record, names]) => Object.entries(record).flatMap(([name, id]) => (names.includes(name) ? [id] : [])))
/** Somebody's papers, corrected now and then. */
const corrected = fc.tuple(one('psid', 'page', 'P1'), one('identification', '', 'I1', 'I2'))
const word = fc.record<Word>({
  source: fc.constantFrom('chat_embedded', 'contacts_api'),
  identities: fc.oneof({ weight: 2, arbitrary: named }, { weight: 1, arbitrary: corrected }),
  at: fc.integer({ min: 0, max: 3 }),
  previous: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: named }),
})

test('I1 I5: who is one person is what the rules of resolution say, whatever is said', {
  timeout: 120_000,
}, async () => {
  const property = fc.asyncProperty(fc.array(word, { minLength: 3, maxLength: 14 }), async (words) => {
    const world = await createWorld(connection)
    const oracle = new Oracle()
    for (const [step, said] of words.entries()) {
      const delivery: Delivery = { ...said, to: 'contacts' }
      oracle.deliver(said)
      await deliver(connection, world, [delivery])
      expect(await picture(connection, world), `after step ${step + 1}`).toEqual(oracle.picture())
    }
  })
  await fc.assert(property, {
    seed: SEED,
    numRuns: RUNS,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: true,
  })
  await expectInvariants(database.pool)
})
