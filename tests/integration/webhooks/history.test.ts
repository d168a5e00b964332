import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { countRows, createSandbox, freshId, given, ingestWebhook } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { endpointOf, post, whatsappBody } from './http.ts'

const THREADS = 2500

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack.stop())

function phoneOf(thread: number): string {
  return `57300${String(thread).padStart(7, '0')}`
}

function historyOf(numberId: string): unknown {
  const threads = Array.from({ length: THREADS }, (_, thread) => {
    const id = phoneOf(thread)
    return {
      id,
      messages: [
        { from: id, id: `wamid.H${thread}`, timestamp: '1763600000', type: 'text', text: { body: `Hola ${thread}` } },
      ],
    }
  })
  return whatsappBody(
    numberId,
    { history: [{ metadata: { phase: 0, chunk_order: 1, progress: 100 }, threads }] },
    'history',
  )
}

const countSchema = z.tuple([z.object({ count: z.coerce.number() })]).transform(([row]) => row.count)

test('I16: a history of 2,500 threads comes in slices, and is answered only after the last one', {
  timeout: 60_000,
}, async () => {
  const numberId = freshId('PN')
  const { workspaceId, accounts } = await createSandbox(stack.database.pool, [['whatsapp', numberId]])
  const { pool } = stack.database
  // Somebody else is bringing the last thread's person and has not committed: the last slice waits for that.
  const holder = await stack.database.client()
  await holder.query('begin')
  await ingestWebhook(holder, given(accounts[0]), [
    { participant: { identities: [{ kind: 'wa_id', value: phoneOf(THREADS - 1) }] }, events: [] },
  ])

  let isAnswered = false
  const answer = post(endpointOf(stack), 'whatsapp-webhook', historyOf(numberId)).finally(() => {
    isAnswered = true
  })
  answer.catch(() => {})
  await vi.waitFor(
    async () => {
      const { rows } = await pool.query('select count(*) from crm.messages where workspace_id = $1', [workspaceId])
      const waiting = await pool.query(
        `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      expect([countSchema.parse(rows), countSchema.parse(waiting.rows)]).toEqual([2000, 1])
    },
    { timeout: 30_000, interval: 20 },
  )
  expect(isAnswered).toBe(false)

  await holder.query('commit')
  expect(await answer).toEqual({ status: 200, body: { received: THREADS, duplicates: 0, failed: 0 } })
  expect(await countRows(pool, workspaceId)).toEqual({
    contacts: THREADS,
    conversations: THREADS,
    messages: THREADS,
    events: THREADS,
  })
  const { rows } = await pool.query(
    'select count(*) from crm.conversations where workspace_id = $1 and (unread_count > 0 or last_inbound_at is not null)',
    [workspaceId],
  )
  expect(countSchema.parse(rows), 'conversations that history made unread or opened a reply window of').toBe(0)

  const again = await post(endpointOf(stack), 'whatsapp-webhook', historyOf(numberId))
  expect(again.body).toEqual({ received: THREADS, duplicates: THREADS, failed: 0 })
  await expectInvariants(pool)
})
