import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { createSandbox, freshId, type Sandbox } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { endpointOf, post } from './http.ts'

/** What a payload's translation is known to be: the counts and rows that follow from it are worked out below. */
const expectedSchema = z.array(
  z.object({
    accountExternalId: z.string(),
    items: z.array(
      z.object({
        participant: z.object({ identities: z.array(z.unknown()), full_name: z.string().optional() }).optional(),
        events: z.array(z.object({ type: z.string(), provider_message_id: z.string().optional() })),
      }),
    ),
    rejected: z.array(z.object({ reason: z.string(), path: z.string() })),
  }),
)

const countsSchema = z.object({ received: z.number(), duplicates: z.number(), failed: z.number() })

/** Each channel's fixtures, and the account id that they are written for. */
const CHANNELS = [
  { channel: 'messenger', webhook: 'messenger-webhook', written: 'PAGE1' },
  { channel: 'whatsapp', webhook: 'whatsapp-webhook', written: 'PN1' },
] as const

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(async () => {
  await expectInvariants(stack.database.pool)
  await stack.stop()
})

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

for (const { channel, webhook, written } of CHANNELS) {
  describe(`recorded payloads of ${channel}`, async () => {
    const names = (await readdir(folder(`../../fixtures/${channel}`))).filter((name) => name.endsWith('.json')).sort()

    test.each(names)(
      '%s: the counts of the answer and the rows are what it says, and again nothing new (I9 I10 I15)',
      async (name) => {
        const account = freshId(written)
        const raw = (await readFile(folder(`../../fixtures/${channel}/${name}`), 'utf8')).replaceAll(
          JSON.stringify(written),
          JSON.stringify(account),
        )
        const expected = expectedSchema.parse(
          JSON.parse(await readFile(folder(`../../unit/channels/expected/${channel}/${name}`), 'utf8')),
        )
        const sandbox = await createSandbox(stack.database.pool, [[channel, account]])
        const items = expected.flatMap((delivery) => delivery.items)
        const rejected = expected.flatMap((delivery) => delivery.rejected)
        const received = items.reduce((sum, item) => sum + Math.max(item.events.length, 1), 0) + rejected.length

        const first = await post(endpointOf(stack), webhook, raw)
        expect(first).toEqual({ status: 200, body: { received, duplicates: 0, failed: rejected.length } })
        const rows = await rowsOf(sandbox, account)
        expect(rows).toEqual({
          contacts: items.length,
          conversations: items.length,
          messages: items.flatMap(({ events }) => events.filter(({ type }) => type === 'message')).length,
          types: items.flatMap(({ events }) => events.map(({ type }) => type)).sort(),
          names: items.flatMap(({ participant }) => participant?.full_name ?? []).sort(),
          letters: expected
            .filter(({ accountExternalId }) => accountExternalId !== '')
            .flatMap((delivery) => delivery.rejected.map(({ reason, path }) => `${reason} ${path}`))
            .sort(),
        })

        const again = await post(endpointOf(stack), webhook, raw)
        const events = items.reduce((sum, item) => sum + item.events.length, 0)
        expect(countsSchema.parse(again.body)).toEqual({ received, duplicates: events, failed: rejected.length })
        expect(await rowsOf(sandbox, account)).toEqual(rows)
      },
    )
  })
}

const rowsSchema = z.tuple([z.record(z.string(), z.unknown())])

async function rowsOf({ workspaceId }: Sandbox, account: string): Promise<Record<string, unknown>> {
  const { rows } = await stack.database.pool.query(
    `select
      (select count(*)::int from crm.contacts where workspace_id = $1 and merged_into_id is null) as contacts,
      (select count(*)::int from crm.conversations where workspace_id = $1) as conversations,
      (select count(*)::int from crm.messages where workspace_id = $1) as messages,
      (select coalesce(jsonb_agg(event_type order by event_type collate "C"), '[]')
        from crm.contact_interaction_events where workspace_id = $1) as types,
      (select coalesce(jsonb_agg(full_name order by full_name collate "C") filter (where full_name is not null), '[]')
        from crm.contacts where workspace_id = $1) as names,
      (select coalesce(jsonb_agg(reason || ' ' || path order by reason || ' ' || path collate "C"), '[]')
        from crm.dead_letters where account_external_id = $2) as letters`,
    [workspaceId, account],
  )
  return rowsSchema.parse(rows)[0]
}
