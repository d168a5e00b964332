/** Pages of contacts as a Contacts API brings them, and the stubs that chats made of half of them, for our side and for the bare one. */
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { literal } from './pages.ts'

/** A workspace with the merchant whose contacts and chats it gets. */
export interface Merchant {
  workspaceId: string
  externalId: string
}

export type SyncSource = 'chat_embedded' | 'contacts_api'

interface ContactRecord {
  identities: { kind: 'b2chat_id'; scope: string; value: string }[]
  full_name: string
  mobile: string
  email?: string
  city?: string
  country?: string
  tags?: string[]
  custom_attributes?: Record<string, string>
  source_updated_at?: string
}

/** When the API's records changed last. */
const CHANGED = '2026-01-25T16:24:14+00:00'

/** Who last wrote the fields of a stub, and of a contact that the API gave. */
export const STUB_SOURCES = sourcesOf('chat_embedded', ['full_name', 'mobile'], null)
export const FULL_SOURCES = sourcesOf(
  'contacts_api',
  ['full_name', 'mobile', 'email', 'city', 'country', 'tags', 'custom_attributes.asesor'],
  CHANGED,
)

/** Makes a workspace of its own; `label` is used once per database. */
export async function createMerchant(pool: pg.Pool, label: string): Promise<Merchant> {
  const { rows } = await pool.query<{ id: string }>("select crm.create_workspace($1, 'Benchmark', 'CO') as id", [label])
  const [row] = rows
  if (!row) throw new Error('The workspace was not made.')
  return { workspaceId: row.id, externalId: `merchant-${label}` }
}

/** Every second person is known as a stub before the API speaks. */
export function isStub(person: number): boolean {
  return person % 2 === 1
}

/** What the chat of that person says. */
export function stubOf({ externalId }: Merchant, person: number): ContactRecord {
  return {
    identities: [{ kind: 'b2chat_id', scope: `chats:${externalId}`, value: `c${person}` }],
    full_name: `Persona ${person}`,
    mobile: mobileOf(person),
  }
}

/** The API's record of that person. Only the number joins it to the stub. */
export function recordOf({ externalId }: Merchant, person: number): ContactRecord {
  return {
    identities: [{ kind: 'b2chat_id', scope: `contacts:${externalId}`, value: apiId(person) }],
    full_name: `Persona Completa ${person}`,
    mobile: mobileOf(person),
    email: emailOf(person),
    city: 'Cali',
    country: 'CO',
    tags: ['vip'],
    custom_attributes: { asesor: 'Ana' },
    source_updated_at: CHANGED,
  }
}

/** The bare side's id of that person: the client knows it without asking. In SQL it is `md5(workspace_id || ' ' || person)::uuid`. */
function contactId({ workspaceId }: Merchant, person: number): string {
  return createHash('md5').update(`${workspaceId} ${person}`).digest('hex')
}

/** Never 0, which is blocked as an identity. */
function apiId(person: number): string {
  return String(1_000_000 + person)
}

function mobileOf(person: number): string {
  return `+57300${1_000_000 + person}`
}

function emailOf(person: number): string {
  return `p${person}@example.com`
}

/** The barest SQL that leaves the same stubs. */
export const BARE_STUBS = `with contact as (
  insert into crm.contacts (workspace_id, id, full_name, mobile, sync_source, needs_full_sync, last_sync_at, field_sources)
  select $1, c.id, c.name, c.mobile, 'chat_embedded', true, now(), c.sources
  from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[]) c (id, name, mobile, sources)
)
insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
select $1, i.kind, i.scope, i.value, i.contact, 'chat_embedded', 'created', 'chat_embedded'
from unnest($6::text[], $7::text[], $8::text[], $9::uuid[]) i (kind, scope, value, contact)`

/** The barest upsert that leaves the same contacts and identities: ids and everything else come ready from the client. */
export const BARE_RECORDS = `with contact as (
  insert into crm.contacts (workspace_id, id, full_name, mobile, email, city, country, tags, custom_attributes, sync_source,
    needs_full_sync, last_sync_at, field_sources, source_updated_at)
  select $1, c.id, c.name, c.mobile, c.email, c.city, c.country, c.tags, c.custom, 'contacts_api', false, now(), c.sources, c.updated
  from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::jsonb[], $10::jsonb[],
    $11::timestamptz[]) c (id, name, mobile, email, city, country, tags, custom, sources, updated)
  on conflict (workspace_id, id) do update set full_name = excluded.full_name, mobile = excluded.mobile, email = excluded.email,
    city = excluded.city, country = excluded.country, tags = excluded.tags, custom_attributes = excluded.custom_attributes,
    sync_source = 'upgraded', needs_full_sync = false, last_sync_at = excluded.last_sync_at,
    field_sources = excluded.field_sources, source_updated_at = excluded.source_updated_at
)
insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
select $1, i.kind, i.scope, i.value, i.contact, 'contacts_api', i.rule, 'contacts_api'
from unnest($12::text[], $13::text[], $14::text[], $15::uuid[], $16::text[]) i (kind, scope, value, contact, rule)
on conflict (workspace_id, kind, scope, value) do update set contact_id = excluded.contact_id`

/** The values of `BARE_STUBS`, arrays already written as Postgres reads them. */
export function bareStubValues(merchant: Merchant, people: readonly number[]): string[] {
  const identities = people.flatMap((person) => [
    { kind: 'b2chat_id', scope: `chats:${merchant.externalId}`, value: `c${person}`, person },
    { kind: 'phone', scope: '', value: mobileOf(person), person },
  ])
  return [
    merchant.workspaceId,
    literal(people.map((person) => contactId(merchant, person))),
    literal(people.map((person) => stubOf(merchant, person).full_name)),
    literal(people.map(mobileOf)),
    literal(people.map(() => STUB_SOURCES)),
    literal(identities.map(({ kind }) => kind)),
    literal(identities.map(({ scope }) => scope)),
    literal(identities.map(({ value }) => value)),
    literal(identities.map(({ person }) => contactId(merchant, person))),
  ]
}

/** The values of `BARE_RECORDS`. */
export function bareRecordValues(merchant: Merchant, people: readonly number[]): string[] {
  const records = people.map((person) => recordOf(merchant, person))
  const identities = people.flatMap((person) => [
    { kind: 'b2chat_id', scope: `contacts:${merchant.externalId}`, value: apiId(person), person },
    { kind: 'phone', scope: '', value: mobileOf(person), person },
    { kind: 'email', scope: '', value: emailOf(person), person },
  ])
  return [
    merchant.workspaceId,
    literal(people.map((person) => contactId(merchant, person))),
    literal(records.map((record) => record.full_name)),
    literal(records.map((record) => record.mobile)),
    literal(people.map(emailOf)),
    literal(records.map((record) => record.city ?? null)),
    literal(records.map((record) => record.country ?? null)),
    literal(records.map((record) => JSON.stringify(record.tags))),
    literal(records.map((record) => JSON.stringify(record.custom_attributes))),
    literal(records.map(() => FULL_SOURCES)),
    literal(records.map((record) => record.source_updated_at ?? null)),
    literal(identities.map(({ kind }) => kind)),
    literal(identities.map(({ scope }) => scope)),
    literal(identities.map(({ value }) => value)),
    literal(identities.map(({ person }) => contactId(merchant, person))),
    literal(identities.map(({ person }) => (isStub(person) ? 'attached' : 'created'))),
  ]
}

/** `field_sources` as the database writes it. */
function sourcesOf(source: SyncSource, fields: readonly string[], at: string | null): string {
  return JSON.stringify(Object.fromEntries(fields.map((field) => [field, { at, source, delivery: source }])))
}
