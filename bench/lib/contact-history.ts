import type pg from 'pg'
import { FULL_SOURCES, type Merchant, recordOf, STUB_SOURCES, stubOf } from './contact-pages.ts'

const CHUNK = 250_000

/**
 * Gives the merchant that many contacts, every second one a stub, with the identities that `stubOf` and `recordOf` give them.
 * Written directly, without triggers and foreign keys (it needs the superuser), into indexes that are in place.
 */
export async function loadContacts(admin: pg.Client, merchant: Merchant, people: number): Promise<void> {
  await admin.query('set session_replication_role = replica')
  for (let from = 0; from < people; from += CHUNK) {
    await admin.query(
      `with person as (
         select n, md5($1::uuid || ' ' || n)::uuid as id, n % 2 = 1 as is_stub, '+57300' || 1000000 + n as mobile, 'p' || n || '@example.com' as email
         from generate_series($2::int, $3::int - 1) n
       ), contact as (
         insert into crm.contacts (workspace_id, id, full_name, mobile, phone_normalized, email, city, country, tags,
           custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources, source_updated_at)
         select $1, id, case when is_stub then 'Persona ' else 'Persona Completa ' end || n, mobile, mobile,
           case when not is_stub then email end, case when not is_stub then $4 end, case when not is_stub then $5 end,
           case when is_stub then '[]' else $6::jsonb end, case when is_stub then '{}' else $7::jsonb end,
           case when is_stub then 'chat_embedded' else 'contacts_api' end, is_stub, now(),
           case when is_stub then $8::jsonb else $9::jsonb end, case when not is_stub then $10::timestamptz end
         from person
       )
       insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
       select $1, i.kind, i.scope, i.value, p.id, s.source, 'created', s.source
       from person p
       cross join lateral (values (case when p.is_stub then 'chat_embedded' else 'contacts_api' end)) s (source)
       cross join lateral (
         values ('b2chat_id', case when p.is_stub then $11 else $12 end, case when p.is_stub then 'c' || p.n else (1000000 + p.n)::text end),
           ('phone', '', p.mobile), ('email', '', case when not p.is_stub then p.email end)
       ) i (kind, scope, value)
       where i.value is not null`,
      [merchant.workspaceId, from, Math.min(from + CHUNK, people), ...commonValues(merchant)],
    )
  }
  await admin.query('reset session_replication_role')
}

/** What is the same for all who are full contacts, and for all who are stubs. */
function commonValues(merchant: Merchant): unknown[] {
  const [stub, record] = [stubOf(merchant, 1), recordOf(merchant, 0)]
  return [
    record.city,
    record.country,
    JSON.stringify(record.tags),
    JSON.stringify(record.custom_attributes),
    STUB_SOURCES,
    FULL_SOURCES,
    record.source_updated_at,
    stub.identities[0]?.scope,
    record.identities[0]?.scope,
  ]
}
