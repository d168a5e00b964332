create function crm_private.replay_account_letters(
  p_account crm.channel_accounts,
  p_letters crm.dead_letters[],
  p_now timestamptz
)
returns jsonb[]
language plpgsql
set search_path = ''
as $$
declare
  v_problem text := case
    when p_account.id is null then 'unknown_account'
    when not p_account.is_active then 'inactive_account'
  end;
  v_all_places int[];
  v_places int[];
  v_history_before timestamptz;
  v_items jsonb;
  v_results crm_private.ingest_result[];
  v_errors jsonb[] := array_fill(null::jsonb, array[cardinality(p_letters)]);
begin
  for v_place in 1..cardinality(p_letters) loop
    if not (p_letters[v_place]).is_item then
      v_errors[v_place] := jsonb_build_object('code', 'needs_translation');
    elsif v_problem is not null then
      v_errors[v_place] := jsonb_build_object('code', v_problem);
    else
      v_all_places := v_all_places || v_place;
    end if;
  end loop;
  if v_all_places is null then
    return v_errors;
  end if;

  -- A letter keeps the history_before of the run that brought it.
  for v_history_before, v_places in
    select (p_letters[p.place]).history_before, array_agg(p.place order by p.place)
    from unnest(v_all_places) p (place)
    group by 1
    order by 1
  loop
    select jsonb_agg((p_letters[p.place]).item order by p.number) into v_items
    from unnest(v_places) with ordinality p (place, number);
    v_results := array(
      select r from crm_private.ingest_items_isolated(p_account, v_items, p_now, v_history_before) r
      order by r.ordinal);
    for v_number in 1..cardinality(v_results) loop
      -- Of an item with several events, the good ones are stored and each bad one has a dead letter of its own.
      if not ((v_results[v_number]).error ? 'events'
        and jsonb_array_length(v_items #> array[(v_number - 1)::text, 'events']) > 1) then
        v_errors[v_places[v_number]] := (v_results[v_number]).error;
      end if;
    end loop;
  end loop;

  -- Where chats land as raw records, transform the record again: only it says whether the chat was closed.
  update crm.raw_records r set status = 'pending', error = null, processed_at = null
  where r.workspace_id = p_account.workspace_id and r.channel_account_id = p_account.id and r.entity = 'chats'
    and r.status = 'failed'
    and r.external_id = any (array(
      select (p_letters[p.place]).item ->> 'thread_id'
      from unnest(v_all_places) p (place) where v_errors[p.place] is null));
  return v_errors;
end;
$$;
comment on function crm_private.replay_account_letters(crm.channel_accounts, crm.dead_letters[], timestamptz) is
  'Ingests the items of dead letters of one account again, like any delivery.

Per letter, in order: null when it is stored, or why not: {code, path?, events?, sqlstate?}. The code is
needs_translation where the item is what a provider sent, and unknown_account or inactive_account for the account. The
letters stay as they are: the caller records what became of them.';
