create function crm_private.keep_rejected(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_parsed crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_history_before timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_item crm_private.inbound_item;
  v_event crm_private.inbound_event;
begin
  for v_item in select i.* from unnest(p_parsed) i where i.problem is not null loop
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_item.problem,
      v_item.problem_path, null, p_items -> (v_item.ordinal - 1), p_history_before);
  end loop;

  -- A malformed event is kept with its item, alone, so that it can be replayed as it is.
  for v_event in
    select e.* from unnest(p_events) e
    where e.problem is not null
      and not exists (select from unnest(p_parsed) i where i.ordinal = e.ordinal and i.problem is not null)
  loop
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_event.problem,
      regexp_replace(v_event.problem_path, '^\$\.events\[\d+\]', '$.events[0]'), null,
      jsonb_set(p_items -> (v_event.ordinal - 1), '{events}',
        jsonb_build_array(p_items -> (v_event.ordinal - 1) -> 'events' -> v_event.index)),
      p_history_before);
  end loop;
end;
$$;
comment on function crm_private.keep_rejected(
  crm.channel_accounts, jsonb, crm_private.inbound_item[], crm_private.inbound_event[], timestamptz
) is
  'Keeps the malformed items and events of a delivery as dead letters, with the JSON path of what is wrong.

A replay uses the p_history_before that is kept with them.';
