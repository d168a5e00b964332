import type pg from 'pg'
import { expect } from 'vitest'

/** What an invariant says must not be there: a query that returns the rows which break it. */
interface Check {
  invariant: string
  violations: string
}

const RANKS = `array['queued', 'sent', 'failed', 'delivered', 'read']`
const LIVE_INBOUND = `m.direction = 'inbound' and not m.is_history`

const CHECKS: readonly Check[] = [
  {
    invariant: 'I1: an identity is never at a contact that was merged away',
    violations: `select i.kind, i.scope, i.value from crm.contact_identities i
      join crm.contacts c on c.workspace_id = i.workspace_id and c.id = i.contact_id where c.merged_into_id is not null`,
  },
  {
    invariant: 'I1: a contact that lives has an identity, so that no loser of a race stays behind',
    violations: `select c.id from crm.contacts c where c.merged_into_id is null
      and not exists (select from crm.contact_identities i where i.workspace_id = c.workspace_id and i.contact_id = c.id)`,
  },
  {
    invariant: 'I1: a conversation has a key',
    violations: `select v.id from crm.conversations v where not exists (
      select from crm.conversation_keys k where k.workspace_id = v.workspace_id and k.conversation_id = v.id)`,
  },
  {
    invariant: 'I6: nothing references a contact that was merged away',
    violations: `select 'conversation' as what, v.id from crm.conversations v
        join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id where c.merged_into_id is not null
      union all select 'event', e.id from crm.contact_interaction_events e
        join crm.contacts c on c.workspace_id = e.workspace_id and c.id = e.contact_id where c.merged_into_id is not null`,
  },
  {
    invariant: 'I6: a thread that was merged away has no row, and leads to one that was not',
    violations: `select m.duplicate_id, m.survivor_id from crm.conversation_merges m
      where exists (select from crm.conversations v where v.workspace_id = m.workspace_id and v.id = m.duplicate_id)
        or exists (select from crm.conversation_merges n where n.workspace_id = m.workspace_id and n.duplicate_id = m.survivor_id)`,
  },
  {
    invariant: 'I7: a conversation whose participant is known has that participant as its contact',
    violations: `select v.id, k.value from crm.conversations v
      join crm.conversation_keys k on k.workspace_id = v.workspace_id and k.conversation_id = v.id and k.kind = 'participant'
      where not exists (select from crm.contact_identities i
        where i.workspace_id = v.workspace_id and i.kind || ':' || i.value = k.value and i.contact_id = v.contact_id)`,
  },
  {
    invariant: 'I7: the participant as delivered is kept only where there is no contact',
    violations: `select v.id from crm.conversations v where v.contact_id is not null and v.metadata ? 'participant'`,
  },
  {
    invariant: 'I8: no foreign key is unchecked',
    violations: `select k.conname from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace
      where n.nspname = 'crm' and k.contype = 'f' and not k.convalidated`,
  },
  {
    invariant: 'I9: a message is stored once',
    violations: `select m.channel_account_id, m.provider_message_id, count(*) from crm.messages m group by 1, 2 having count(*) > 1`,
  },
  {
    invariant: 'I10: a message has its event, at its time, and in its conversation',
    violations: `select m.provider_message_id, m.sent_at, e.occurred_at from crm.messages m
      left join crm.contact_interaction_events e on e.workspace_id = m.workspace_id and e.message_id = m.id and e.event_type = 'message'
        and e.event_key = 'message:' || m.provider_message_id
      where e.id is null or e.occurred_at <> m.sent_at or e.conversation_id <> m.conversation_id`,
  },
  {
    invariant: 'I10: an event of a message is of a message that is there',
    violations: `select e.event_key from crm.contact_interaction_events e
      left join crm.messages m on m.workspace_id = e.workspace_id and m.id = e.message_id
      where (e.event_type = 'message' and m.id is null)
        or (e.message_id is not null and m.provider_message_id is distinct from e.provider_message_id)`,
  },
  {
    invariant: "I10: an event is its conversation's contact's",
    violations: `select e.event_key, e.contact_id, v.contact_id as of_conversation from crm.contact_interaction_events e
      join crm.conversations v on v.workspace_id = e.workspace_id and v.id = e.conversation_id
      where e.contact_id is distinct from v.contact_id`,
  },
  {
    invariant: 'I10: unread counts the live inbound messages',
    violations: `select v.id, v.unread_count, m.count from crm.conversations v
      cross join lateral (select count(*) from crm.messages m
        where m.workspace_id = v.workspace_id and m.conversation_id = v.id and ${LIVE_INBOUND}) m
      where v.unread_count <> m.count`,
  },
  {
    // A copy with a coarser clock lowers a message's time by less than a second, and never the conversation's.
    invariant: 'I10: last_message_at is the time of the last message',
    violations: `select v.id, v.last_message_at, m.last from crm.conversations v
      cross join lateral (select max(m.sent_at) as last from crm.messages m
        where m.workspace_id = v.workspace_id and m.conversation_id = v.id) m
      where v.last_message_at is distinct from m.last
        and not coalesce(v.last_message_at > m.last and v.last_message_at < m.last + interval '1 second', false)`,
  },
  {
    invariant: 'I11: no event waits for a message that is there',
    violations: `select e.event_key from crm.contact_interaction_events e
      join crm.messages m on m.workspace_id = e.workspace_id and m.channel_account_id = e.channel_account_id
        and m.provider_message_id = e.provider_message_id
      where e.message_id is null`,
  },
  {
    invariant: 'I11: a conversation with an event that waits says so',
    violations: `select distinct v.id from crm.conversations v
      join crm.contact_interaction_events e on e.workspace_id = v.workspace_id and e.conversation_id = v.id
      where e.message_id is null and e.provider_message_id is not null and not v.has_pending_effects`,
  },
  {
    invariant: "I11: a message we sent has the highest status of its events and of its conversation's watermarks",
    violations: `select m.provider_message_id, m.status, e.rank from crm.messages m
      join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.conversation_id
      cross join lateral (
        select greatest(2, max(array_position(${RANKS}, split_part(e.event_key, ':', -1))),
          case when m.sent_at <= v.read_watermark then 5 when m.sent_at <= v.delivered_watermark then 4 end) as rank
        from crm.contact_interaction_events e
        where e.workspace_id = m.workspace_id and e.message_id = m.id and e.event_type = 'status'
      ) e
      where (m.direction = 'outbound' and array_position(${RANKS}, m.status) is distinct from e.rank)
        or (m.direction = 'inbound' and m.status is not null)`,
  },
  {
    invariant: 'I11: a message is at its last edit, and says nothing once it was taken back',
    violations: `select m.provider_message_id, m.edit_count, e.edit_count, m.unsent_at, e.unsent_at from crm.messages m
      cross join lateral (
        select coalesce(max(split_part(e.event_key, ':', -1)::bigint) filter (where e.event_type = 'edit'), 0) as edit_count,
          min(e.occurred_at) filter (where e.event_type = 'unsend') as unsent_at,
          bool_or(e.event_type = 'edit' and e.payload ? 'text') as has_text
        from crm.contact_interaction_events e
        where e.workspace_id = m.workspace_id and e.message_id = m.id and e.event_type in ('edit', 'unsend')
      ) e
      where m.edit_count <> e.edit_count or m.unsent_at is distinct from e.unsent_at
        or (m.unsent_at is not null and (m.body is not null or m.attachments <> '[]' or e.has_text))`,
  },
]

/** Every foreign key of the schema as a query for the rows that have no parent. */
const FOREIGN_KEYS = `
  select k.conname, format('select %L as orphan_of from %s c where %s and not exists (select from %s p where %s)',
      k.conrelid::regclass || '.' || k.conname, k.conrelid::regclass,
      string_agg(format('c.%I is not null', c.attname), ' and '), k.confrelid::regclass,
      string_agg(format('p.%I = c.%I', p.attname, c.attname), ' and ')) as violations
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_namespace n on n.oid = k.connamespace
  cross join lateral unnest(k.conkey, k.confkey) as u (child, parent)
  join pg_catalog.pg_attribute c on c.attrelid = k.conrelid and c.attnum = u.child
  join pg_catalog.pg_attribute p on p.attrelid = k.confrelid and p.attnum = u.parent
  where n.nspname = 'crm' and k.contype = 'f'
  group by k.oid, k.conname, k.conrelid, k.confrelid`

/**
 * What in the whole database breaks an invariant, as one line per broken invariant with up to three of the rows. Empty when
 * all hold. It supposes that nobody has reset an unread count.
 */
export async function brokenInvariants(database: pg.Pool | pg.ClientBase): Promise<string[]> {
  const broken: string[] = []
  const keys = await database.query<{ conname: string; violations: string }>(FOREIGN_KEYS)
  const references = keys.rows.map((key) => ({
    invariant: `I8: ${key.conname} is not broken`,
    violations: key.violations,
  }))
  for (const check of [...CHECKS, ...references]) {
    const { rows } = await database.query(`select count(*) over () as rows, x.* from (${check.violations}) x limit 3`)
    if (rows.length) broken.push(`${check.invariant}: ${JSON.stringify(rows)}`)
  }
  return broken
}

/** Fails, saying which and with what rows, when an invariant does not hold somewhere in the database. */
export async function expectInvariants(database: pg.Pool | pg.ClientBase): Promise<void> {
  expect(await brokenInvariants(database)).toEqual([])
}
