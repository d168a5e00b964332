import type pg from 'pg'
import { z } from 'zod'

/**
 * Everything a workspace holds, table by table, without what may depend on the order of arrival: ids, versions, row times, and
 * where an identity or a merge came from. A contact is named by its identities, a conversation by its keys, a message by the
 * provider's id; contacts that were merged away are left out.
 */
const EXPORT = `
  with accounts as materialized (
    select a.* from crm.channel_accounts a where a.workspace_id = $1
  ), contacts as materialized (
    select c.*, (
      select string_agg(i.kind || ':' || i.scope || ':' || i.value, ' ' order by i.kind collate "C", i.scope collate "C", i.value)
      from crm.contact_identities i where i.workspace_id = c.workspace_id and i.contact_id = c.id) as name
    from crm.contacts c where c.workspace_id = $1 and c.merged_into_id is null
  ), conversations as materialized (
    select v.*, a.external_id || ' ' || (
      select string_agg(k.kind || ':' || k.value, ' ' order by k.kind collate "C", k.value)
      from crm.conversation_keys k where k.workspace_id = v.workspace_id and k.conversation_id = v.id) as name
    from crm.conversations v join accounts a on a.id = v.channel_account_id where v.workspace_id = $1
  ), lines as (
    select 'contacts' as part, to_jsonb(c) - '{workspace_id,id,version,created_at,updated_at,last_sync_at,merged_into_id,sync_source}'::text[]
      || jsonb_build_object('is_stub', c.sync_source = 'chat_embedded') as line
    from contacts c
    union all
    select 'conversations', to_jsonb(v) - '{workspace_id,id,version,created_at,updated_at,channel_account_id,contact_id}'::text[]
      || jsonb_build_object('contact', c.name, 'tags', (
        select coalesce(jsonb_agg(to_jsonb(t) - '{workspace_id,conversation_id}'::text[] order by t.tag collate "C"), '[]')
        from crm.conversation_tags t where t.workspace_id = v.workspace_id and t.conversation_id = v.id))
    from conversations v left join contacts c on c.id = v.contact_id
    union all
    select 'messages', to_jsonb(m) - '{workspace_id,id,created_at,channel_account_id,conversation_id}'::text[]
      || jsonb_build_object('conversation', v.name)
    from crm.messages m left join conversations v on v.id = m.conversation_id where m.workspace_id = $1
    union all
    select 'events', to_jsonb(e) - '{workspace_id,id,created_at,channel_account_id,conversation_id,contact_id,message_id}'::text[]
      || jsonb_build_object('conversation', v.name, 'contact', c.name, 'message', m.provider_message_id)
    from crm.contact_interaction_events e
    left join conversations v on v.id = e.conversation_id
    left join contacts c on c.id = e.contact_id
    left join crm.messages m on m.workspace_id = e.workspace_id and m.id = e.message_id
    where e.workspace_id = $1
    union all
    select 'dead_letters', to_jsonb(d) - '{workspace_id,id,created_at,replayed_at,channel_account_id,item_hash}'::text[]
    from crm.dead_letters d where d.workspace_id = $1
    union all
    select 'merge_candidates', to_jsonb(x) - '{workspace_id,id,created_at,contact_a_id,contact_b_id}'::text[]
      || jsonb_build_object('a', least(a.name, b.name), 'b', greatest(a.name, b.name))
    from crm.merge_candidates x left join contacts a on a.id = x.contact_a_id left join contacts b on b.id = x.contact_b_id
    where x.workspace_id = $1
  )
  select l.part, jsonb_agg(l.line order by l.line::text collate "C")::text as lines from lines l group by l.part`

const rowsSchema = z.array(z.object({ part: z.string(), lines: z.string() }))

export type Export = Record<string, Record<string, unknown>[]>

/** The workspace's rows by table, sorted. `mark` is taken out of every text: what tells the workspace's account ids from another's. */
export async function exportWorkspace(
  database: pg.Pool | pg.ClientBase,
  workspaceId: string,
  mark: string,
): Promise<Export> {
  const { rows } = await database.query({ name: 'export', text: EXPORT, values: [workspaceId] })
  const lines = z.array(z.record(z.string(), z.unknown()))
  return Object.fromEntries(
    rowsSchema
      .parse(rows)
      .map((row) => [row.part, lines.parse(JSON.parse(row.lines.replaceAll(mark, '')))] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** The lines that only one of the two has, as text: empty when both are the same. */
export function differences(expected: Export, actual: Export): string[] {
  const found: string[] = []
  for (const part of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const before = (expected[part] ?? []).map((line) => JSON.stringify(line))
    const after = (actual[part] ?? []).map((line) => JSON.stringify(line))
    found.push(...without(before, after).map((line) => `in order only, ${part}: ${line}`))
    found.push(...without(after, before).map((line) => `otherwise only, ${part}: ${line}`))
  }
  return found
}

/** The lines of `list` that are not in `others`, counting repetitions. */
function without(list: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return list.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
