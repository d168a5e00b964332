create function crm_private.page_counts(
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
      -- age(xmin) <= 0: this transaction wrote the row. cmin > p_since: after the ingest began.
      when exists (
        select from crm.conversations v
        where v.workspace_id = p_account.workspace_id and v.id = r.conversation_id
          and age(v.xmin) <= 0 and v.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        -- No condition on the workspace: with young statistics it would read all keys of it for each item. ADR 7.
        select from crm.conversation_keys k
        where k.conversation_id = r.conversation_id
          and age(k.xmin) <= 0 and k.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        select from jsonb_array_elements(case jsonb_typeof(r.item -> 'events') when 'array' then r.item -> 'events' end)
          e (event)
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
      r (item, ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted,
        events_duplicate, error)
  ) o;
end;
$$;
comment on function crm_private.page_counts(crm.channel_accounts, jsonb, crm_private.ingest_result[], cid) is
  'Counts what became of ingested items.

created: its conversation is new. updated: something was written for it, or for another item of its conversation.
unchanged: nothing was written. failed: it has an error, and nothing was written.
Call it in the transaction that ingested the items. p_since is the command (cmin) after which that began.
A row that another transaction changed after this one began counts as updated too.';
