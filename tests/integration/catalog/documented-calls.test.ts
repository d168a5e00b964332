// The calls of docs/operations.md, "Settings", made as they are written there.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { generateKeys, type StackKeys } from '../../../src/local/gateway/keys.ts'
import { startGateway } from '../../../src/local/gateway.ts'
import { signIn } from '../../../src/local/sign-in.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { Workspace } from './kit.ts'

const document = await readFile(resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
const section = document.split('\n## Settings\n')[1]?.split('\n## ')[0] ?? ''
const block = (language: string) => section.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''

let database: TestDatabase
let keys: StackKeys
let gateway: Awaited<ReturnType<typeof startGateway>>
let workspace: Workspace
let merchant: { id: string; externalId: string }
beforeAll(async () => {
  database = await createTestDatabase()
  keys = await generateKeys()
  gateway = await startGateway({ dbUrl: database.url, keys })
})
beforeEach(async () => {
  workspace = await Workspace.create(database.pool)
  merchant = await workspace.connect('b2chat')
})
afterAll(async () => {
  await gateway.stop()
  await database.drop()
})

const SETTINGS = { time_zone: 'America/Bogota', sync_from: '2026-01-31' }
const refusal = z.object({ code: z.string(), details: z.string() })

/** With this test's own ids for those of the document. */
const filled = (text: string) =>
  text
    .replaceAll('<merchant>', merchant.externalId)
    .replaceAll('<id>', text.includes('workspace') ? workspace.id : merchant.id)

async function call(name: string, body: string, headers: Record<string, string> = { apikey: keys.secretKey }) {
  const response = await fetch(`${gateway.url}/rest/v1/rpc/${name}`, {
    method: 'POST',
    headers: { 'content-profile': 'crm', 'content-type': 'application/json', ...headers },
    body,
  })
  const text = await response.text()
  const json: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, json }
}

/** The headers of somebody who signed in and has this role in the workspace. */
async function memberHeaders(role: string): Promise<Record<string, string>> {
  const access = { url: gateway.url, publishableKey: keys.publishableKey, secretKey: keys.secretKey }
  const { id, accessToken } = await signIn(access, `${role}-${randomUUID()}@acme.test`, 'a long password')
  await database.pool.query('select crm.add_member($1, $2, $3)', [workspace.id, id, role])
  return { apikey: keys.publishableKey, authorization: `Bearer ${accessToken}` }
}

test('the statement for the SQL editor changes what it names', async () => {
  const { rows } = await database.pool.query(filled(block('sql')))
  expect(rows).toEqual([{ update_channel_account: SETTINGS }])
})

test('the call of the API is answered with all settings', async () => {
  const [, name = ''] = /rpc\/(\w+)/.exec(block('sh')) ?? []
  const [, body = ''] = /-d '(.*)'/.exec(block('sh')) ?? []
  expect(await call(name, filled(body))).toEqual({ status: 200, json: SETTINGS })
  expect(await call(name, filled(body), await memberHeaders('admin'))).toEqual({ status: 200, json: SETTINGS })
  expect(await call(name, filled(body), await memberHeaders('agent'))).toMatchObject({ status: 403 })
})

test('a refusal names the key', async () => {
  const answer = await call(
    'update_channel_account',
    JSON.stringify({ p_channel_account_id: merchant.id, p_settings: { timezone: 'America/Bogota' } }),
  )
  expect(answer.status).toBe(400)
  const { code, details } = refusal.parse(answer.json)
  expect([code, JSON.parse(details)]).toEqual(['PT400', { code: 'invalid_input', path: '$.timezone' }])
})

test('and so do the other statements and calls of the section', async () => {
  const rows = section.split('\n').filter((line) => line.includes('| `select crm.'))
  expect(rows.length).toBeGreaterThan(3)
  for (const row of rows) {
    const [, statement = ''] = /`(select crm\..*?)`/.exec(row) ?? []
    const [, name = ''] = /`select crm\.(\w+)/.exec(row) ?? []
    const [, body = ''] = /`(\{.*\})`/.exec(row) ?? []
    await database.pool.query(filled(statement))
    expect((await call(name, filled(body))).status, body).toBeLessThan(300)
  }
  const { rows: accounts } = await database.pool.query(
    'select w.name, w.default_country, a.display_name, a.is_active from crm.workspaces w join crm.channel_accounts a on a.workspace_id = w.id where w.id = $1',
    [workspace.id],
  )
  expect(accounts).toEqual([{ name: 'Acme', default_country: 'MX', display_name: 'Orders', is_active: false }])
})
