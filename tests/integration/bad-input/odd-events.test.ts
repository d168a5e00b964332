import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { endpointOf, messengerBody, post, said, whatsappBody } from '../webhooks/http.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(async () => {
  await expectInvariants(stack.database.pool)
  await stack.stop()
})

async function newPage(): Promise<{ page: string; workspaceId: string }> {
  const page = freshId('PAGE')
  const { workspaceId } = await createSandbox(stack.database.pool, [['messenger', page]])
  return { page, workspaceId }
}

const messagesSchema = z.array(
  z.object({ id: z.string(), body: z.string().nullable(), sent_at: z.date(), sanitized: z.boolean() }),
)

async function messagesOf(workspaceId: string): Promise<z.infer<typeof messagesSchema>> {
  const { rows } = await stack.database.pool.query(
    `select provider_message_id as id, body, sent_at, payload ? 'sanitized' as sanitized
      from crm.messages where workspace_id = $1 order by provider_message_id`,
    [workspaceId],
  )
  return messagesSchema.parse(rows)
}

async function lettersOf(account: string): Promise<unknown[]> {
  const { rows } = await stack.database.pool.query(
    `select reason, path, item #>> '{events,0,provider_message_id}' as id, jsonb_array_length(item -> 'events') as events
      from crm.dead_letters where account_external_id = $1 order by 3, 1`,
    [account],
  )
  return rows
}

test('I15: of malformed events among good ones the good ones land, and the others are dead letters with their path', async () => {
  const { page, workspaceId } = await newPage()
  const parties = { sender: { id: 'PSID-G' }, recipient: { id: page }, timestamp: 1_763_700_000_500 }
  const body = messengerBody(
    page,
    said(page, 'PSID-G', 'm_1'),
    { ...parties, message: { text: 'no id' } },
    said(page, 'PSID-G', 'm_2'),
    { ...parties, read: { watermark: 'soon' } },
    {
      sender: { id: page },
      recipient: { id: page },
      timestamp: 1_763_700_000_500,
      message: { mid: 'm_x', text: 'to itself' },
    },
    'not an event',
    said(page, 'PSID-H', 'm_3'),
  )
  expect(await post(endpointOf(stack), 'messenger-webhook', body)).toEqual({
    status: 200,
    body: { received: 7, duplicates: 0, failed: 4 },
  })
  expect((await messagesOf(workspaceId)).map(({ id }) => id)).toEqual(['m_1', 'm_2', 'm_3'])
  const { rows } = await stack.database.pool.query(
    'select path from crm.dead_letters where account_external_id = $1 order by path',
    [page],
  )
  expect(rows).toEqual([
    { path: '$.entry[0].messaging[1].message.mid' },
    { path: '$.entry[0].messaging[4].sender' },
    { path: '$.entry[0].messaging[5]' },
    { path: '$.events[0].payload.watermark' },
  ])
  expect(await post(endpointOf(stack), 'messenger-webhook', body)).toMatchObject({
    body: { received: 7, duplicates: 3, failed: 4 },
  })
})

test('texts of 10,000 characters, emoji and accents are stored as they came', async () => {
  const { page, workspaceId } = await newPage()
  const texts = ['ñ'.repeat(10_000), '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(500), 'é é ﷽ \u202e \u200b ￿', '"\\\\u0000" \\n\n\t']
  const events = texts.map((text, index) => ({
    sender: { id: 'PSID-T' },
    recipient: { id: page },
    timestamp: 1_763_700_000_000 + index,
    message: { mid: `m_${index}`, text },
  }))
  expect(await post(endpointOf(stack), 'messenger-webhook', messengerBody(page, ...events))).toMatchObject({
    status: 200,
    body: { received: 4, failed: 0 },
  })
  expect((await messagesOf(workspaceId)).map(({ body, sanitized }) => [body, sanitized])).toEqual(
    texts.map((text) => [text, false]),
  )
})

test('NUL and lone surrogates, written as escapes in the raw body, are replaced and noted', async () => {
  const { page, workspaceId } = await newPage()
  const event = (mid: string, text: string) =>
    `{"sender":{"id":"PSID-N"},"recipient":{"id":"${page}"},"timestamp":1763700000100,"message":{"mid":"${mid}","text":"${text}","extra":"${text}"}}`
  const messaging = [
    event('m_1', 'a\\u0000b'),
    event('m_2', 'c\\ud83dd'),
    event('m_3', '\\udc00e'),
    event('m_4', '\\ud83d\\ude00 is whole'),
    event('m_\\u0000', 'an id that is another id when it is changed'),
  ]
  const raw = `{"object":"page","entry":[{"id":"${page}","time":1763700000123,"messaging":[${messaging.join(',')}]}]}`
  expect(await post(endpointOf(stack), 'messenger-webhook', raw)).toEqual({
    status: 200,
    body: { received: 5, duplicates: 0, failed: 1 },
  })
  expect((await messagesOf(workspaceId)).map(({ id, body, sanitized }) => [id, body, sanitized])).toEqual([
    ['m_1', 'ab', true],
    ['m_2', 'c\ufffdd', true],
    ['m_3', '\ufffde', true],
    ['m_4', '😀 is whole', false],
  ])
  expect(await lettersOf(page)).toMatchObject([{ path: '$.entry[0].messaging[4].message.mid' }])
  expect(await post(endpointOf(stack), 'messenger-webhook', raw)).toMatchObject({ body: { duplicates: 4, failed: 1 } })
})

test('I15: times in the future, negative or before 2004 are dead letters; seconds for milliseconds are understood', async () => {
  const { page, workspaceId } = await newPage()
  const now = Date.now()
  const hour = 3_600_000
  const at = (mid: string, timestamp: unknown) => said(page, 'PSID-T', mid, { timestamp })
  const body = messengerBody(
    page,
    at('future', now + 48 * hour),
    at('soon', now + 12 * hour),
    at('negative', -1_763_700_000_000),
    at('old', 1_000_000_000_000),
    at('seconds', 1_763_700_000),
    at('zero', 0),
    at('far', 99_999_999_999_999),
  )
  expect(await post(endpointOf(stack), 'messenger-webhook', body)).toEqual({
    status: 200,
    body: { received: 7, duplicates: 0, failed: 5 },
  })
  expect((await messagesOf(workspaceId)).map(({ id, sent_at }) => [id, sent_at])).toEqual([
    ['seconds', new Date(1_763_700_000_000)],
    ['soon', new Date(now + 12 * hour)],
  ])
  const path = '$.events[0].occurred_at'
  expect(await lettersOf(page)).toEqual([
    { reason: 'time_in_future', path, id: 'far', events: 1 },
    { reason: 'time_in_future', path, id: 'future', events: 1 },
    { reason: 'time_before_2004', path, id: 'negative', events: 1 },
    { reason: 'time_before_2004', path, id: 'old', events: 1 },
    { reason: 'time_before_2004', path, id: 'zero', events: 1 },
  ])
})

test('I15: a WhatsApp message with a time that is none is a dead letter, and its neighbour lands', async () => {
  const number = freshId('PN')
  const { workspaceId } = await createSandbox(stack.database.pool, [['whatsapp', number]])
  const message = (id: string, timestamp: unknown) => ({
    from: '573001119900',
    id,
    timestamp,
    type: 'text',
    text: { body: id },
  })
  const messages = [message('wamid.1', '1763700000'), message('wamid.2', 'ayer'), message('wamid.3', '99999999999')]
  const answer = await post(endpointOf(stack), 'whatsapp-webhook', whatsappBody(number, { messages }))
  expect(answer).toEqual({ status: 200, body: { received: 3, duplicates: 0, failed: 2 } })
  expect((await messagesOf(workspaceId)).map(({ id }) => id)).toEqual(['wamid.1'])
  expect((await lettersOf(number)).length).toBe(2)
})
