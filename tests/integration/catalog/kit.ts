import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'

/**
 * Made up, and registered in a test's own database as they would be in sql/015_catalog: a channel with a sync, an id that
 * its provider gives, and one that people type. A person has one of each.
 */
export const CHANNEL = 'instagram'
export const PROVIDER_KIND = 'igsid'
export const TYPED_KIND = 'tax_no'

const kindRow = z.object({
  kind: z.string(),
  strength: z.number(),
  is_exclusive: z.boolean(),
  is_provider_given: z.boolean(),
  canonical_form: z.string(),
  scope_from: z.string().nullable(),
  names_conversation_on: z.string().nullable(),
})
export type Kind = z.infer<typeof kindRow>

const channelRow = z.object({ channel: z.string() })
const result = z.tuple([z.object({ result: z.string() })])

/** A database of its own in which the registries have the made-up channel and kinds as well. */
export async function createExtendedDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  // A connection plans with the registries as it first saw them: this one is the only one that saw the old ones.
  const client = await database.client()
  const kinds = await readKinds(client)
  const typedAt = kinds.findIndex(({ kind }) => kind === 'identification') + 1
  const ours = { is_exclusive: true, canonical_form: 'trimmed' }
  const extended = [
    { ...ours, kind: PROVIDER_KIND, is_provider_given: true, scope_from: 'account', names_conversation_on: CHANNEL },
    ...kinds.slice(0, typedAt),
    { ...ours, kind: TYPED_KIND, is_provider_given: false, scope_from: null, names_conversation_on: null },
    ...kinds.slice(typedAt),
  ]
  await replaceRegistry(
    client,
    'identity_kinds',
    extended.map((kind, place) => ({ ...kind, strength: place + 1 })),
  )
  const sync = { what: 'threads', function_name: 'instagram-sync', min_interval: '2 hours', needs_watermark: true }
  const { rows: syncs } = await client.query('select s.*, s.min_interval::text from crm_private.channel_syncs() s')
  await replaceRegistry(client, 'channel_syncs', [...syncs, { channel: CHANNEL, ...sync }])
  await client.query(`create or replace function crm_private.channels() returns text[] language sql immutable
    set search_path = '' as $$ select array[${[...(await readChannels(client)), CHANNEL].map((name) => `'${name}'`)}] $$`)
  return database
}

/** Replaces a registry by these rows: its name, columns and properties stay. */
async function replaceRegistry(client: pg.ClientBase, name: string, rows: readonly object[]): Promise<void> {
  const signature = await client.query(
    `select pg_get_function_result(('crm_private.' || $1 || '()')::regprocedure) as result`,
    [name],
  )
  const columns = result.parse(signature.rows)[0].result
  await client.query(`create or replace function crm_private.${name}() returns ${columns} language sql immutable
    set search_path = '' as $$ select r.* from jsonb_to_recordset('${JSON.stringify(rows)}') r ${columns.replace(/^TABLE/, '')} $$`)
}

export async function readKinds(database: pg.Pool | pg.ClientBase): Promise<Kind[]> {
  return z
    .array(kindRow)
    .parse((await database.query('select * from crm_private.identity_kinds() order by strength')).rows)
}

export async function readChannels(database: pg.Pool | pg.ClientBase): Promise<string[]> {
  const { rows } = await database.query('select c as channel from unnest(crm_private.channels()) c')
  return z
    .array(channelRow)
    .parse(rows)
    .map(({ channel }) => channel)
}

/** An identity as a delivery lists it. */
export interface Id {
  kind: string
  scope?: string
  value: string
}

const idRow = z.tuple([z.object({ id: z.string() })]).transform(([row]) => row.id)
const upserted = z
  .tuple([z.object({ contact_id: z.string().nullable(), outcome: z.string() })])
  .transform(([row]) => row)
const ingested = z.array(
  z.object({ contact_id: z.string().nullable(), conversation_id: z.string(), error: z.unknown() }),
)
const personRow = z.array(z.object({ current: z.array(z.string()), previous: z.array(z.string()) }))

/** A workspace for one test, and what is delivered to it. */
export class Workspace {
  readonly id: string
  readonly #database: pg.Pool

  private constructor(database: pg.Pool, id: string) {
    this.#database = database
    this.id = id
  }

  static async create(database: pg.Pool): Promise<Workspace> {
    const slug = `catalog-${randomUUID()}`
    const { rows } = await database.query('select crm.create_workspace($1, $1, $2) as id', [slug, 'CO'])
    return new Workspace(database, idRow.parse(rows))
  }

  /** Connects an account of the channel under an external id of its own. */
  async connect(channel: string): Promise<{ id: string; externalId: string }> {
    const externalId = `account-${randomUUID()}`
    const { rows } = await this.#database.query('select crm.connect_channel($1, $2, $3, $3) as id', [
      this.id,
      channel,
      externalId,
    ])
    return { id: idRow.parse(rows), externalId }
  }

  /** What a chat says of somebody, or a record of the Contacts API. */
  async says(identities: readonly Id[], options: { by?: pg.ClientBase; source?: string; fields?: object } = {}) {
    const { by = this.#database, source = 'chat_embedded', fields = {} } = options
    const { rows } = await by.query('select contact_id, outcome from crm.upsert_contact($1, $2, $3)', [
      this.id,
      source,
      JSON.stringify({ identities, ...fields }),
    ])
    return upserted.parse(rows)
  }

  /** Several people in one call. */
  async sayTogether(people: readonly (readonly Id[])[]): Promise<void> {
    await this.#database.query('select crm.bulk_upsert_contacts($1, $2, $3)', [
      this.id,
      'chat_embedded',
      JSON.stringify(people.map((identities) => ({ identities }))),
    ])
  }

  /** A message of somebody in an account. */
  async writes(accountId: string, identities: readonly Id[], threadId?: string) {
    const message = {
      type: 'message',
      direction: 'inbound',
      provider_message_id: randomUUID(),
      occurred_at: Date.now(),
    }
    const item = { participant: { identities }, events: [message], ...(threadId ? { thread_id: threadId } : {}) }
    const { rows } = await this.#database.query(
      'select contact_id, conversation_id, error from crm.bulk_upsert_conversations_with_events($1, $2)',
      [accountId, JSON.stringify([item])],
    )
    const [outcome] = ingested.parse(rows)
    if (!outcome) throw new Error('The item has no outcome.')
    return outcome
  }

  async merge(survivorId: string, duplicateId: string): Promise<string> {
    const { rows } = await this.#database.query(`select crm.merge_contacts($1, $2, 'one person') as id`, [
      survivorId,
      duplicateId,
    ])
    return idRow.parse(rows)
  }

  async unmerge(mergeId: string): Promise<void> {
    await this.#database.query('select crm.unmerge_contacts($1)', [mergeId])
  }

  async reconcile(): Promise<void> {
    await this.#database.query('select * from crm.reconcile_contacts($1)', [this.id])
  }

  async backfillPhones(): Promise<void> {
    await this.#database.query('select * from crm.backfill_phones($1, false)', [this.id])
  }

  /** The people of the workspace, by the ids of this kind that each has: the current ones and those of before. */
  async people(kind: string): Promise<{ current: string[]; previous: string[] }[]> {
    const { rows } = await this.#database.query(
      `select coalesce(array_agg(i.value order by i.value) filter (where not i.is_previous), '{}') as current,
          coalesce(array_agg(i.value order by i.value) filter (where i.is_previous), '{}') as previous
        from crm.contacts c
        left join crm.contact_identities i on i.workspace_id = c.workspace_id and i.contact_id = c.id and i.kind = $2
        where c.workspace_id = $1 and c.merged_into_id is null
        group by c.id
        order by 1 desc, 2 desc`,
      [this.id, kind],
    )
    return personRow.parse(rows)
  }

  async count(text: string): Promise<number> {
    const { rows } = await this.#database.query(`select count(*)::int as count ${text}`, [this.id])
    return z.tuple([z.object({ count: z.number() })]).parse(rows)[0].count
  }
}
