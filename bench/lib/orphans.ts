import type pg from 'pg'
import type { Account } from './account.ts'

/**
 * Gives the account that many conversations of one thread each whose participant was kept and can be found or made by now: every
 * second one is somebody whom the workspace knows by email, the others are new. Each has three messages with their events. Written
 * directly, without triggers and foreign keys (it needs the superuser); then vacuumed and analyzed.
 */
export async function loadOrphans(admin: pg.Client, account: Account, orphans: number): Promise<void> {
  await admin.query('set session_replication_role = replica')
  await admin.query(
    `with orphan as (
       select n, gen_random_uuid() as id, gen_random_uuid() as contact_id, 'orphan-' || n || '@example.com' as email
       from generate_series(1, $4::int) n
     ), contact as (
       insert into crm.contacts (workspace_id, id, full_name)
       select $1, contact_id, 'Known ' || n from orphan where n % 2 = 0
     ), identity as (
       insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule)
       select $1, 'email', '', email, contact_id, 'contacts_api', 'created' from orphan where n % 2 = 0
     ), conversation as (
       insert into crm.conversations (workspace_id, id, channel_account_id, unread_count, last_message_at, last_inbound_at, metadata)
       select $1, id, $2, 3, '2025-11-01 00:00:03+00', '2025-11-01 00:00:03+00', jsonb_build_object(
         'participant_at', '2025-11-01T00:00:03+00:00', 'participant', jsonb_build_object('full_name', 'Orphan ' || n,
           'identities', jsonb_build_array(jsonb_build_object('kind', 'psid', 'scope', $3::text, 'value', '99000000000' || n),
             jsonb_build_object('kind', 'email', 'value', email))))
       from orphan
     ), key as (
       insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
       select $1, $2, 'thread', 'thread-' || n, id from orphan
     ), said as (
       select gen_random_uuid() as message_id, o.id, 'o_' || o.n || '_' || s.n as mid, timestamptz '2025-11-01 00:00:00+00' + s.n * interval '1 second' as at
       from orphan o cross join generate_series(1, 3) s (n)
     ), message as (
       insert into crm.messages (workspace_id, id, channel_account_id, conversation_id, provider_message_id, direction, body, sent_at)
       select $1, message_id, $2, id, mid, 'inbound', 'Hola', at from said
     )
     insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, message_id, provider_message_id,
       event_type, event_key, occurred_at)
     select $1, $2, id, message_id, mid, 'message', 'message:' || mid, at from said`,
    [account.workspaceId, account.id, account.externalId, orphans],
  )
  await admin.query('reset session_replication_role')
  await admin.query('vacuum analyze')
}
