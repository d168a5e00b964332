import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { externalStack, type Stack } from '../../../src/local/stack.ts'
import { startOwnStack } from '../../harness/stack.ts'
import { countRows, createSandbox, freshId, given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { endpointOf, messengerBody, post, said, whatsappBody } from './http.ts'

let stack: Stack | null
beforeAll(async () => {
  stack = await startOwnStack()
})
afterAll(() => stack?.stop())

test.skipIf(externalStack())(
  "I16: while the database is away every webhook is 503, and the provider's retry lands exactly once",
  async () => {
    const own = given(stack, 'stack')
    const database = given(own.database, 'database')
    const [page, number] = [freshId('PAGE'), freshId('PN')]
    const { workspaceId } = await withClient(own, (client) =>
      createSandbox(client, [
        ['messenger', page],
        ['whatsapp', number],
      ]),
    )
    const deliveries = [
      ...[1, 2, 3].map((mid) => ['messenger-webhook', messengerBody(page, said(page, 'PSID-A', `m_${mid}`))] as const),
      [
        'whatsapp-webhook',
        whatsappBody(number, {
          messages: [
            { from: '573009998877', id: 'wamid.A', timestamp: '1763700000', type: 'text', text: { body: 'Hola' } },
          ],
        }),
      ] as const,
    ]
    const postAll = () => Promise.all(deliveries.map(([webhook, body]) => post(endpointOf(own), webhook, body)))

    expect((await postAll()).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    await withClient(own, (client) =>
      client.query('delete from crm.conversations where workspace_id = $1', [workspaceId]),
    )
    await database.stop()
    const away = await postAll()
    await database.start()
    expect(away).toEqual(
      away.map(() => ({ status: 503, body: expect.objectContaining({ code: 'database_unavailable' }) })),
    )

    const none = await withClient(own, (client) => countRows(client, workspaceId))
    expect(none).toMatchObject({ messages: 0, events: 0 })
    expect((await postAll()).map(({ status, body }) => [status, body])).toEqual(
      deliveries.map(() => [200, { received: 1, duplicates: 0, failed: 0 }]),
    )
    const once = await withClient(own, (client) => countRows(client, workspaceId))
    expect(once).toEqual({ contacts: 2, conversations: 2, messages: 4, events: 4 })
    expect((await postAll()).map(({ body }) => body)).toEqual(
      deliveries.map(() => ({ received: 1, duplicates: 1, failed: 0 })),
    )
    await withClient(own, async (client) => {
      expect(await countRows(client, workspaceId)).toEqual(once)
      await expectInvariants(client)
    })
  },
)

async function withClient<T>(own: Stack, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: own.dbUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
