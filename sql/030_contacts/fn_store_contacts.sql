create function crm_private.store_contacts(
  p_account crm.channel_accounts,
  p_sync_source text,
  p_items crm_private.inbound_item[]
)
returns setof crm_private.contact_result
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_sound crm_private.inbound_item[];
  v_stored record;
  v_item crm_private.inbound_item;
  v_result crm_private.contact_result;
begin
  return query
  select i.ordinal, null::uuid, 'ignored', jsonb_build_object('code', i.problem, 'path', i.problem_path)
  from unnest(p_items) i
  where i.problem is not null;

  -- The phases find an item by its place, so the sound ones are counted anew.
  v_sound := array(
    select row(row_number() over (order by i.ordinal), i.thread_id, i.participant, i.source_time, i.updated_at,
      i.delivery, null, null)::crm_private.inbound_item
    from unnest(p_items) i
    where i.problem is null
    order by i.ordinal);
  if cardinality(v_sound) = 0 then
    return;
  end if;
  begin
    v_stored := crm_private.resolve_contacts_again(p_account, p_sync_source, v_sound);
    return query
    select i.ordinal, v_stored.contact_ids[i.place], v_stored.outcomes[i.place], null::jsonb
    from (
      select i.ordinal, row_number() over (order by i.ordinal) as place from unnest(p_items) i where i.problem is null
    ) i;
    return;
  exception when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
    null; -- One of them: which one shows one by one.
  end;

  for v_item in select i.* from unnest(p_items) i where i.problem is null order by i.ordinal loop
    v_result.ordinal := v_item.ordinal;
    v_item.ordinal := 1;
    begin
      v_stored := crm_private.resolve_contacts_again(p_account, p_sync_source, array[v_item]);
      v_result.contact_id := v_stored.contact_ids[1];
      v_result.outcome := v_stored.outcomes[1];
      v_result.error := null;
    exception when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
      v_result.contact_id := null;
      v_result.outcome := 'ignored';
      v_result.error := jsonb_build_object('code', 'refused_by_database', 'path', '$', 'sqlstate', sqlstate);
    end;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.store_contacts(crm.channel_accounts, text, crm_private.inbound_item[]) is
  'Resolves and writes the contacts of items: all at once, and one by one only when the database refuses one of them
(SQLSTATE classes 22 and 23, PT400). One row per item, not in order; error is {code, path}. p_account gives the
workspace, and scopes where identities lack them.';
