create function crm_private.ingest_items_isolated(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_now timestamptz,
  p_history_before timestamptz default null
)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_item jsonb;
  v_ordinal int := 0;
  v_result crm_private.ingest_result;
  v_results crm_private.ingest_result[];
begin
  if jsonb_array_length(p_items) = 0 then
    return;
  end if;
  for v_attempt in 1..5 loop
    begin
      v_results := array(select r from crm_private.ingest_items(p_account, p_items, p_now, p_history_before) r);
      -- Check deferred keys now: a violation at commit could not be isolated.
      set constraints all immediate;
      set constraints all deferred;
      return query select r.* from unnest(v_results) r;
      return;
    exception
      when serialization_failure then
        -- Another transaction merged a contact or a conversation away while this one waited for its lock. The rollback
        -- releases the locks; the next attempt reads again.
        if v_attempt = 5 then
          raise;
        end if;
      when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
        -- Only data errors isolate an item. Any other error (a deadlock, a full disk) aborts the call.
        exit;
    end;
  end loop;

  for v_item in select i.item from jsonb_array_elements(p_items) i (item) loop
    v_ordinal := v_ordinal + 1;
    for v_attempt in 1..5 loop
      begin
        select r.* into v_result
        from crm_private.ingest_items(p_account, jsonb_build_array(v_item), p_now, p_history_before) r;
        set constraints all immediate;
        set constraints all deferred;
        exit;
      exception
        when serialization_failure then
          if v_attempt = 5 then
            raise;
          end if;
        when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
          perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id,
            'refused_by_database', '$', sqlstate || ': ' || sqlerrm, v_item, p_history_before);
          v_result := null;
          v_result.is_new := false;
          v_result.contact_outcome := 'ignored';
          v_result.events_inserted := 0;
          v_result.events_duplicate := 0;
          v_result.error := jsonb_build_object('code', 'refused_by_database', 'path', '$', 'sqlstate', sqlstate);
          exit;
      end;
    end loop;
    v_result.ordinal := v_ordinal;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.ingest_items_isolated(crm.channel_accounts, jsonb, timestamptz, timestamptz) is
  'The general path: ingests items so that one which the database refuses costs no other item.

Returns one row per item, in order. It ingests all items at once. After a data error (SQLSTATE classes 22 and 23,
PT400) it ingests them one by one, and an item that is refused becomes a dead letter.
Messages from before p_history_before are history. Raises any other error.';
