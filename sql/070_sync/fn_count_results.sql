create function crm_private.count_results(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_results crm_private.ingest_result[],
  p_since cid
)
returns table (created int, updated int, unchanged int, failed int)
language plpgsql
stable
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
begin
  return query
  select count(*) filter (where o.outcome = 'created')::int, count(*) filter (where o.outcome = 'updated')::int,
    count(*) filter (where o.outcome = 'unchanged')::int, count(*) filter (where o.outcome = 'failed')::int
  from (
    select case
      when r.is_new then 'created'
      when r.events_inserted > 0 or r.contact_outcome in ('created', 'updated', 'upgraded') then 'updated'
      -- A row that this transaction wrote has no age, and a command of the transaction.
      when exists (
        select from crm.conversations v
        where v.workspace_id = p_account.workspace_id and v.id = r.conversation_id
          and age(v.xmin) <= 0 and v.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        -- Not by the workspace too: while statistics are young, that would read all its keys for each.
        select from crm.conversation_keys k
        where k.conversation_id = r.conversation_id and age(k.xmin) <= 0 and k.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        select from jsonb_array_elements(case jsonb_typeof(r.item -> 'events') when 'array' then r.item -> 'events' end) e (event)
        cross join lateral (
          select m.xmin, m.cmin
          from crm.messages m
          where m.workspace_id = p_account.workspace_id and m.channel_account_id = p_account.id
            and m.provider_message_id = e.event ->> 'provider_message_id'
          offset 0
        ) m
        where age(m.xmin) <= 0 and m.cmin::text::bigint > p_since::text::bigint
      ) then 'updated'
      when r.error is not null then 'failed'
      else 'unchanged'
    end as outcome
    -- There is one result per item, in order.
    from rows from (jsonb_array_elements(p_items), unnest(p_results))
      r (item, ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted, events_duplicate, error)
  ) o;
end;
$$;
comment on function crm_private.count_results(crm.channel_accounts, jsonb, crm_private.ingest_result[], cid) is
  'What became of ingested items: created (its conversation is new), updated (something was written for it, or for another item of its conversation), unchanged (nothing was), failed (it has an error, and nothing was written). To be called in the transaction that ingested them; p_since is the command (cmin) after which it began to. A row that another writer changed between the beginning of this transaction and its turn counts as updated too.';
