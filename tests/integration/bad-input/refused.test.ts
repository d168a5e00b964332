import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'
import { endpointOf, messengerBody, post, said, sign, type Webhook, whatsappBody } from '../webhooks/http.ts'

let stack: TestStack
let page: string
let number: string
beforeAll(async () => {
  stack = await startTestStack()
  page = freshId('PAGE')
  number = freshId('PN')
  await createSandbox(stack.database.pool, [
    ['messenger', page],
    ['whatsapp', number],
  ])
})
afterAll(() => stack.stop())

const tablesSchema = z.array(z.object({ name: z.string() }))
const countSchema = z.tuple([z.object({ count: z.coerce.number() })]).transform(([row]) => row.count)

/** How many rows each table of the API has: what is refused leaves no trace anywhere. */
async function rowsByTable(): Promise<Record<string, number>> {
  const { pool } = stack.database
  const { rows } = await pool.query(
    `select c.oid::regclass::text as name from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'crm' and c.relkind = 'r' order by 1`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tablesSchema.parse(rows)) {
    counts[name] = countSchema.parse((await pool.query(`select count(*) from ${name}`)).rows)
  }
  return counts
}

const webhooks = ['messenger-webhook', 'whatsapp-webhook'] as const

function bodyFor(webhook: Webhook): string {
  const message = { from: '573001110000', id: 'wamid.R', timestamp: '1763700000', type: 'text', text: { body: 'Hola' } }
  return JSON.stringify(
    webhook === 'messenger-webhook'
      ? messengerBody(page, said(page, 'PSID-R', 'm_r'))
      : whatsappBody(number, { messages: [message] }),
  )
}

test.each(webhooks)(
  '%s: a missing, malformed, foreign or stale signature is 401, and nothing is stored anywhere',
  async (webhook) => {
    const endpoint = endpointOf(stack)
    const body = bodyFor(webhook)
    const before = await rowsByTable()
    for (const signature of [
      null,
      '',
      'sha256=',
      `sha256=${'0'.repeat(64)}`,
      `sha1=${'0'.repeat(40)}`,
      sign(body, 'another secret'),
      sign(`${body} `, endpoint.appSecret),
      sign(body, endpoint.appSecret).slice(0, -2),
      sign(body, endpoint.appSecret).replace('sha256=', ''),
    ]) {
      expect(await post(endpoint, webhook, body, signature), String(signature)).toEqual({
        status: 401,
        body: expect.objectContaining({ code: 'bad_signature' }),
      })
    }
    expect(await rowsByTable()).toEqual(before)
    // The signature is over the bytes, so the same body signed rightly is taken.
    expect(await post(endpoint, webhook, body)).toMatchObject({ status: 200, body: { received: 1, failed: 0 } })
  },
)

test.each(webhooks)('%s: what is no JSON is 400, and nothing is stored', async (webhook) => {
  const before = await rowsByTable()
  for (const body of ['', 'hello', '{"object":"page"', '{"a":1}{"b":2}', "{'object':'page'}"]) {
    expect(await post(endpointOf(stack), webhook, body), body).toEqual({
      status: 400,
      body: expect.objectContaining({ code: 'invalid_json' }),
    })
  }
  expect(await rowsByTable()).toEqual(before)
})

test.each(webhooks)('%s: an empty entry is 200 and stores nothing', async (webhook) => {
  const before = await rowsByTable()
  const object = webhook === 'messenger-webhook' ? 'page' : 'whatsapp_business_account'
  expect(await post(endpointOf(stack), webhook, { object, entry: [] })).toEqual({
    status: 200,
    body: { received: 0, duplicates: 0, failed: 0 },
  })
  expect(await rowsByTable()).toEqual(before)
})

test.each(webhooks)('%s: a body over 3 MB is 413 and stores nothing, one under it is taken', async (webhook) => {
  const endpoint = endpointOf(stack)
  const before = await rowsByTable()
  const limit = 3 * 1024 * 1024
  const body = bodyFor(webhook)
  const padded = (bytes: number) => body + ' '.repeat(bytes - body.length)
  expect(await post(endpoint, webhook, padded(limit + 1))).toEqual({
    status: 413,
    body: expect.objectContaining({ code: 'payload_too_large' }),
  })
  expect(await rowsByTable()).toEqual(before)
  expect(await post(endpoint, webhook, padded(limit))).toMatchObject({ status: 200, body: { received: 1, failed: 0 } })
})

test('I15: an account that nobody connected is 200, and everything it brought is a dead letter', async () => {
  const unknown = freshId('PAGE-UNKNOWN')
  const body = messengerBody(unknown, said(unknown, 'PSID-1', 'm_1'), said(unknown, 'PSID-2', 'm_2'), { broken: true })
  const answer = { status: 200, body: { received: 3, duplicates: 0, failed: 3 } }
  expect(await post(endpointOf(stack), 'messenger-webhook', body)).toEqual(answer)
  expect(await post(endpointOf(stack), 'messenger-webhook', body)).toEqual(answer)
  const { rows } = await stack.database.pool.query(
    `select reason, path, workspace_id, item #>> '{events,0,provider_message_id}' as mid
      from crm.dead_letters where account_external_id = $1 order by 4`,
    [unknown],
  )
  expect(rows).toEqual([
    { reason: 'unknown_account', path: '$', workspace_id: null, mid: 'm_1' },
    { reason: 'unknown_account', path: '$', workspace_id: null, mid: 'm_2' },
    {
      reason: expect.any(String),
      path: expect.stringContaining('$.entry[0].messaging[2]'),
      workspace_id: null,
      mid: null,
    },
  ])
})
