import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { createCrmClient } from '../../../src/crm/client.ts'
import { fetchWithin } from '../../../src/crm/deadline.ts'
import { RpcError } from '../../../src/crm/rpc-error.ts'
import { client, database, failure, NO_WAIT } from './kit.ts'

const COUNTS = { received: 1, duplicates: 0, failed: 0, items: [[1, 0, 0]] }
const ingest = { channel: 'messenger', accountExternalId: 'PAGE1', items: [], rejected: [] } as const
const deadlock = {
  status: 500,
  body: { code: '40P01', message: 'deadlock detected', details: 'Process 1', hint: null },
}

describe('a failed call', () => {
  it('carries the code, the status, the stable code and the hint', async () => {
    const { crm, calls } = await client({
      status: 409,
      body: {
        code: 'PT409',
        message: 'The conversation is at version 7.',
        details: '{"code":"version_conflict","version":7}',
        hint: 'Read it again.',
      },
    })
    const call = crm.updateConversation({ conversationId: 'c1', expectedVersion: 4, patch: {} })
    expect(await failure(call)).toMatchObject({
      rpc: 'update_conversation',
      code: 'PT409',
      status: 409,
      stableCode: 'version_conflict',
      message: 'The conversation is at version 7.',
      hint: 'Read it again.',
      detail: { code: 'version_conflict', version: 7 },
    })
    expect(calls).toHaveLength(1)
  })

  it.each(['Key (value)=(x) exists.', '{not json', '[1]', null])(
    'has no stable code where the detail is %s',
    async (details) => {
      const { crm } = await client({ status: 409, body: { code: '23505', message: 'duplicate', details, hint: null } })
      expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({
        code: '23505',
        stableCode: null,
        detail: {},
      })
    },
  )

  it('has status 0 when nobody answers', async () => {
    const { crm, close } = await client({ status: 200, body: [COUNTS] })
    await close()
    const error = await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))
    expect(error).toMatchObject({ status: 0, code: null, stableCode: null, hint: null })
  })

  it('has status 0 when the answer does not come in time', async () => {
    const { url } = await database(() => 'silence')
    const supabase = createClient(url, 'sb_secret_test', {
      global: { fetch: fetchWithin(20) },
      auth: { persistSession: false },
    })
    const error = await failure(createCrmClient(supabase, NO_WAIT).contactSyncStats({ workspaceId: 'w1' }))
    expect(error).toMatchObject({ status: 0, code: null, hint: null, message: 'The database did not answer.' })
  })

  it.each([
    ['no row', 200, []],
    ['two rows', 200, [COUNTS, COUNTS]],
    ['a row of another shape', 200, [{ received: 1 }]],
    ['a page', 200, '<html>hello</html>'],
    ['nothing', 200, ''],
    ['nothing, with 404', 404, ''],
    ['an empty list, with 404', 404, []],
    ['a page, with 502', 502, '<html>bad gateway</html>'],
  ])('is what an answer with %s counts as', async (_, status, body) => {
    const { crm } = await client({ status, body })
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toBeInstanceOf(RpcError)
  })
})

describe('a call that the database rolled back', () => {
  it.each(['40P01', '40001'])('is repeated: %s', async (code) => {
    const rolledBack = { status: 500, body: { ...deadlock.body, code } }
    const { crm, calls } = await client(rolledBack, rolledBack, { status: 200, body: [COUNTS] })
    expect(await crm.ingestWebhook({ ...ingest, items: [], rejected: [] })).toEqual(COUNTS)
    expect(calls).toHaveLength(3)
  })

  it('is given up after a bounded number of times', async () => {
    const { crm, calls } = await client(deadlock)
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({ code: '40P01' })
    expect(calls).toHaveLength(1 + NO_WAIT.retries)
  })

  it.each(['57014', '53300', 'PT400', '23505'])('for another reason is not repeated: %s', async (code) => {
    const { crm, calls } = await client({ status: 500, body: { ...deadlock.body, code } })
    expect(await failure(crm.ingestWebhook({ ...ingest, items: [], rejected: [] }))).toMatchObject({ code })
    expect(calls).toHaveLength(1)
  })
})
