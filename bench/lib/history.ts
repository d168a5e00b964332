import type pg from 'pg'
import type { Account } from './account.ts'

const CHUNK = 500_000

/**
 * Gives the account that many known people with a conversation each, and messages with their events spread evenly over them.
 * Written directly, without triggers and foreign keys (it needs the superuser), into indexes that are in place; then vacuumed
 * and analyzed. Participants are named as `personId` of one-message.ts names Messenger's.
 */
export async function loadHistory(admin: pg.Client, account: Account, people: number, messages: number): Promise<void> {
  const ids = [account.workspaceId, account.id]
  await admin.query('set session_replication_role = replica')
  await admin.query(
    `with person as (
       select n, gen_random_uuid() as contact_id, gen_random_uuid() as conversation_id, '73000000000' || n as psid
       from generate_series(0, $4::int - 1) n
     ), contact as (
       insert into crm.contacts (workspace_id, id, sync_source, needs_full_sync)
       select $1, contact_id, 'chat_embedded', true from person
     ), identity as (
       insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule)
       select $1, 'psid', $3, psid, contact_id, 'chat_embedded', 'created' from person
     ), conversation as (
       insert into crm.conversations (workspace_id, id, channel_account_id, contact_id, last_message_at, last_inbound_at)
       select $1, conversation_id, $2, contact_id, '2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00' from person
     )
     insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
     select $1, $2, 'participant', 'psid:' || psid, conversation_id from person`,
    [...ids, account.externalId, people],
  )
  await admin.query(
    `create temp table person as
     select split_part(k.value, '73000000000', 2)::int as n, k.conversation_id, v.contact_id
     from crm.conversation_keys k join crm.conversations v on v.workspace_id = k.workspace_id and v.id = k.conversation_id
     where k.channel_account_id = '${account.id}'`,
  )
  await admin.query('create index on person (n)')
  await admin.query('analyze person')
  for (let from = 0; from < messages; from += CHUNK) {
    const end = Math.min(from + CHUNK, messages)
    await admin.query(
      `with said as (
         select gen_random_uuid() as id, p.conversation_id, p.contact_id, 'm_' || substr(md5(s.n::text), 1, 8) || '_h' || s.n as mid,
           timestamptz '2025-01-01 00:00:00+00' + s.n * interval '5 seconds' as at, s.n
         from generate_series($3::int, $4::int - 1) s (n)
         join person p on p.n = s.n % $5::int
       ), message as (
         insert into crm.messages (workspace_id, id, channel_account_id, conversation_id, provider_message_id, direction, body,
           status, sent_at)
         select $1, id, $2, conversation_id, mid, case n / $5::int % 2 when 0 then 'inbound' else 'outbound' end,
           'Hola, quiero cotizar un servicio ' || n, case n / $5::int % 2 when 0 then null else 'read' end, at
         from said
       )
       insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
         provider_message_id, event_type, event_key, occurred_at)
       select $1, $2, conversation_id, contact_id, id, mid, 'message', 'message:' || mid, at from said`,
      [...ids, from, end, people],
    )
  }
  await admin.query('drop table person')
  await admin.query('reset session_replication_role')
  await admin.query('vacuum analyze')
  await admin.query('checkpoint')
}
