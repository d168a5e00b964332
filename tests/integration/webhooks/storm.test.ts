import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { countRows, createSandbox, freshId } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { type Answered, deliverUntilTaken, endpointOf, messengerBody } from './http.ts'

const ROUNDS = 50
const PHOTOS = 20

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

test(`I1 I9 I10 I16: ${PHOTOS} parallel webhooks of one album from a new person, ${ROUNDS} times: one contact, one conversation, every photo once`, {
  timeout: 120_000,
}, async () => {
  const endpoint = endpointOf(stack)
  const answered: Answered = { statuses: {}, retries: 0 }
  const counts: unknown[] = []
  const started = performance.now()
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = freshId('PAGE')
    const { workspaceId } = await createSandbox(stack.database.pool, [['messenger', page]])
    const photos = Array.from({ length: PHOTOS }, (_, photo) => messengerBody(page, photoOf(page, photo)))
    const answers = await Promise.all(
      photos.map((photo) => deliverUntilTaken(endpoint, 'messenger-webhook', photo, answered)),
    )
    for (const answer of answers) {
      expect(answer).toEqual({ status: 200, body: { received: 1, duplicates: expect.any(Number), failed: 0 } })
    }
    counts.push(await countRows(stack.database.pool, workspaceId))
  }
  const ms = Math.round(performance.now() - started)
  console.info(`Storm: ${ROUNDS} × ${PHOTOS} webhooks in ${ms} ms, answers ${JSON.stringify(answered)}`)
  expect(counts).toEqual(
    Array.from({ length: ROUNDS }, () => ({ contacts: 1, conversations: 1, messages: PHOTOS, events: PHOTOS })),
  )
  // Nothing needed the provider's patience: what the database rolled back was repeated before the answer.
  expect(answered).toEqual({ statuses: { 200: ROUNDS * PHOTOS }, retries: 0 })
  await expectInvariants(stack.database.pool)
})

function photoOf(page: string, photo: number): unknown {
  return {
    sender: { id: 'PSID-ALBUM' },
    recipient: { id: page },
    timestamp: 1_763_700_000_000 + photo * 3,
    message: { mid: `m_${photo}`, attachments: [{ type: 'image', payload: { url: `https://cdn.test/${photo}.jpg` } }] },
  }
}
