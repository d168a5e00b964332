// The contract's lists and the database's registries are written apart, so that this can tell when one of them forgot.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHANNELS } from '../../../src/contract/channels.ts'
import { IDENTITY_KINDS, KIND_NAMES } from '../../../src/contract/kinds.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { readChannels, readKinds } from './kit.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('the channels are the same, in the same order', async () => {
  expect(CHANNELS).toEqual(await readChannels(database.pool))
})

test('the kinds are the same, strongest first, and so is what is true of them', async () => {
  const registered = await readKinds(database.pool)
  expect(KIND_NAMES).toEqual(registered.map(({ kind }) => kind))
  expect(IDENTITY_KINDS).toEqual(
    registered.map(({ kind, scope_from, names_conversation_on }) => ({
      kind,
      isScoped: scope_from !== null,
      namesConversationOn: names_conversation_on,
    })),
  )
})
