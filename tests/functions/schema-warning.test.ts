/** What a function says, once, when the schema of its database is of another release. */
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CLIENT_VERSION } from '../../src/crm/schema-version.ts'
import { createLogger } from '../../src/http/log.ts'
import { serviceCrmClient } from '../../src/http/service-client.ts'
import { type FakeRest, type RestAnswer, startFakeRest } from './fake-rest.ts'

const COUNTS = { received: 1, duplicates: 0, failed: 0, items: [[1, 0, 0]] }
const [major = 0, minor = 0] = CLIENT_VERSION.split('.').map(Number)
const delivery = { channel: 'messenger', accountExternalId: 'PAGE1', items: [{ thread_id: 't', events: [] }] } as const
const ingested = { ...delivery, items: [...delivery.items].map((item) => ({ ...item, events: [] })) }

let rest: FakeRest
let version: RestAnswer | 'silence'
const lines: string[] = []

beforeEach(async () => {
  rest = await startFakeRest(({ rpc }) => (rpc === 'schema_version' ? version : { status: 200, body: [COUNTS] }))
  vi.stubEnv('SUPABASE_URL', rest.url)
  vi.stubEnv('SUPABASE_SECRET_KEYS', '{"default":"sb_secret_of_the_test"}')
  lines.length = 0
})
afterEach(() => rest.close())
afterAll(() => vi.unstubAllEnvs())

const service = () => serviceCrmClient(createLogger((_level, line) => lines.push(line)))
const asked = () => rest.calls.filter(({ rpc }) => rpc === 'schema_version').length
const answer = (text: string): RestAnswer => ({ status: 200, body: JSON.stringify(text) })

it.each([
  [`${major}.${minor + 1}.0`, 'schema_newer'],
  [`${major + 1}.0.0`, 'schema_mismatch'],
])('a schema %s is one warning, however many webhooks come', async (schema, code) => {
  version = answer(schema)
  const crm = service()
  for (const _ of [1, 2, 3]) expect(await crm().ingestWebhook(ingested)).toEqual(COUNTS)
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  await crm().ingestWebhook(ingested)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      time: expect.any(String),
      level: 'warn',
      event: 'schema',
      code,
      schemaVersion: schema,
      clientVersion: CLIENT_VERSION,
    },
  ])
  expect(asked()).toBe(1)
})

it('a database without a version is a mismatch', async () => {
  version = { status: 404, body: { code: 'PGRST202', message: 'no such function', details: null, hint: null } }
  service()()
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ code: 'schema_mismatch', schemaVersion: 'none' })
})

it.each<[string, RestAnswer | 'silence']>([
  ['the same release', answer(CLIENT_VERSION)],
  ['another patch', answer(`${major}.${minor}.999`)],
  ['no answer', 'silence'],
  ['a refusal', { status: 403, body: { code: '42501', message: 'permission denied', details: null, hint: null } }],
  ['something else', { status: 200, body: '<html></html>' }],
])('with %s nothing is written, and the webhook is stored', async (_, given) => {
  version = given
  const crm = service()
  expect(await crm().ingestWebhook(ingested)).toEqual(COUNTS)
  await vi.waitFor(() => expect(asked()).toBe(1))
  expect(await crm().ingestWebhook(ingested)).toEqual(COUNTS)
  expect({ lines, asked: asked() }).toEqual({ lines: [], asked: 1 })
})
