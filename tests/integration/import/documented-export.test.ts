import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createSandbox, freshId } from '../ingest/sandbox.ts'
import { contentOf, type ImportStack, ndjsonFile, onefold, startImportStack } from './kit.ts'

let stack: ImportStack
beforeAll(async () => {
  stack = await startImportStack()
})
afterAll(() => stack.stop())

/** Two people, one known by her WhatsApp number and one by his phone only. She wrote "ok" twice in one millisecond. */
const OLDER_SCHEMA = `
  create temp table "Contact" ("id" text, "name" text, "phone" text, "email" text, "waId" text, "phoneNormalized" text, "source" text,
    "createdAt" timestamp(3), "updatedAt" timestamp(3));
  create temp table "Conversation" ("id" text, "contactId" text, "channel" text);
  create temp table "ChatMessage" ("id" text, "contactId" text, "channel" text, "direction" text, "content" text,
    "providerMessageId" text, "createdAt" timestamp(3));
  create temp table "Message" ("id" text, "conversationId" text, "direction" text, "body" text, "attachments" jsonb, "status" text,
    "providerMessageId" text, "createdAt" timestamp(3));
  insert into "Contact" values
    ('c1', 'Ana "la jefa"', '300 111 2233', null, '+573001112233', '+573001112233', 'web', '2024-01-01', '2024-02-01'),
    ('c2', 'Luis', '300 444 5566', 'luis@example.com', null, '+573004445566', null, '2024-01-01', '2024-02-01');
  insert into "Conversation" values ('v1', 'c1', 'whatsapp'), ('v2', 'c2', 'whatsapp'), ('v3', 'c2', 'instagram');
  insert into "ChatMessage" values
    ('1', 'c1', 'whatsapp', 'INBOUND', E'línea 1\\nlínea 2 \\\\ "cita"', 'wamid.1', '2024-03-01 10:00:00.123'),
    ('2', 'c1', 'whatsapp', 'OUTBOUND', 'Con gusto', 'wamid.2', '2024-03-01 10:01:00'),
    ('3', 'c1', 'whatsapp', 'INBOUND', 'ok', null, '2024-03-01 10:02:00'),
    ('4', 'c1', 'whatsapp', 'INBOUND', 'ok', null, '2024-03-01 10:02:00'),
    ('5', 'c2', 'whatsapp', 'INBOUND', 'solo aquí', null, '2024-03-01 10:03:00'),
    ('6', 'c2', 'instagram', 'INBOUND', 'otro canal', null, '2024-03-01 10:04:00');
  insert into "Message" values
    ('a', 'v1', 'inbound', E'línea 1\\nlínea 2 \\\\ "cita"', null, 'received', 'wamid.1', '2024-03-01 10:00:00.123'),
    ('b', 'v1', 'outbound', 'Con gusto', '[{"type": "image", "url": null}]', 'read', 'wamid.2', '2024-03-01 10:01:00'),
    ('c', 'v1', 'inbound', 'ok', null, null, null, '2024-03-01 10:02:00'),
    ('d', 'v1', 'inbound', 'ok', null, null, null, '2024-03-01 10:02:00'),
    ('e', 'v2', 'outbound', 'solo allá', null, 'queued', null, '2024-03-01 10:05:00'),
    ('f', 'v3', 'inbound', 'otro canal', null, null, null, '2024-03-01 10:06:00')`

const exported = z.array(z.tuple([z.record(z.string(), z.unknown())]))

/** What the query of docs/import.md that writes this file gives. */
async function exportFile(client: pg.Client, name: string): Promise<string> {
  const guide = await readFile(new URL('../../../docs/import.md', import.meta.url), 'utf8')
  const query = new RegExp(`^-- ${name}$([^;]+);`, 'm').exec(guide)?.[1]
  if (query === undefined) throw new Error(`docs/import.md has no query for ${name}`)
  const { rows } = await client.query({ text: query, rowMode: 'array' })
  return ndjsonFile(exported.parse(rows).map(([record]) => record))
}

it('the documented queries write what the import takes, and two tables become one', async () => {
  const externalId = freshId('PN')
  const { workspaceId } = await createSandbox(stack.database.pool, [['whatsapp', externalId]])
  const client = await stack.database.client()
  await client.query(OLDER_SCHEMA)
  const toAccount = ['--account', `whatsapp:${externalId}`]
  for (const [what, name, options] of [
    ['contacts', 'contacts.ndjson', ['--workspace', workspaceId]],
    ['messages', 'chat_messages.ndjson', toAccount],
    ['messages', 'messages.ndjson', toAccount],
  ] as const) {
    const { code, out, err } = await onefold(stack, [
      'import',
      what,
      await exportFile(client, name),
      ...options,
      '--json',
    ]).ended
    expect(code, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ ignored_fields: {}, rejected: 0 })
  }

  const { contacts, conversations, messages } = await contentOf(stack, workspaceId, externalId)
  const people = contacts?.map((contact) => [contact.full_name, contact.phone_normalized, contact.is_stub])
  expect(people?.toSorted()).toEqual([
    ['Ana "la jefa"', '+573001112233', false],
    ['Luis', '+573004445566', false],
  ])
  expect(conversations).toHaveLength(2)
  const said = messages?.map((message) => [message.direction, message.body, message.status]).toSorted()
  expect(said).toEqual(
    [
      ['inbound', 'línea 1\nlínea 2 \\ "cita"', null],
      ['outbound', 'Con gusto', 'read'],
      ['inbound', 'ok', null],
      ['inbound', 'ok', null],
      ['inbound', 'solo aquí', null],
      ['outbound', 'solo allá', 'sent'],
    ].toSorted(),
  )
})
