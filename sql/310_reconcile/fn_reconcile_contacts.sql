create function crm.reconcile_contacts(
  p_workspace_id uuid default null,
  p_stale_after interval default '7 days',
  p_limit int default 500
)
returns table (
  orphaned_conversations_fixed int,
  stubs_merged int,
  stale_stubs_found int,
  merge_candidates_found int,
  has_more boolean
)
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_first constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
  v_last constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid;
  v_from uuid := p_workspace_id;
  v_workspace_id uuid;
  v_left int := p_limit;
  v_did record;
begin
  if p_limit is null or p_limit not between 1 and 2000 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 2,000 rows.');
  end if;
  if p_stale_after is null or p_stale_after < interval '0' or p_stale_after > interval '100 years' then
    perform crm_private.reject_input('p_stale_after', 'An age is 0 to 100 years.');
  end if;
  if p_workspace_id is not null and not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  orphaned_conversations_fixed := 0;
  stubs_merged := 0;
  has_more := false;
  if p_workspace_id is null then
    -- A round over all workspaces resumes where the last call stopped: a large workspace does not hold up the others.
    perform pg_advisory_xact_lock(hashtextextended('reconcile', 0));
    select s.workspace_id into v_from from crm.sync_state s where s.resource = 'reconcile:all';
  end if;

  for v_workspace_id in
    select w.id
    from crm.workspaces w
    where w.id between coalesce(v_from, v_first) and coalesce(p_workspace_id, v_last)
      -- In a round, only workspaces with something to look at: one index probe each.
      and (p_workspace_id is not null or coalesce(
        (select true from crm.conversations v where v.workspace_id = w.id and v.contact_id is null limit 1),
        (select true from crm.merge_candidates m where m.workspace_id = w.id and m.status = 'open' limit 1),
        (select true from crm.contact_interaction_events e
          where e.workspace_id = w.id and e.message_id is null and e.provider_message_id is not null
            and e.event_type <> 'message' limit 1),
        false))
    order by w.id
  loop
    if v_left = 0 then
      has_more := true;
    else
      select d.* into v_did from crm_private.reconcile_workspace(v_workspace_id, v_left) d;
      v_left := v_left - v_did.examined;
      orphaned_conversations_fixed := orphaned_conversations_fixed + v_did.linked;
      stubs_merged := stubs_merged + v_did.merged;
      has_more := not v_did.is_done;
    end if;
    exit when has_more;
  end loop;

  if p_workspace_id is null then
    delete from crm.sync_state s
    where s.resource = 'reconcile:all' and (not has_more or s.workspace_id <> v_workspace_id);
    if has_more then
      insert into crm.sync_state (workspace_id, resource) values (v_workspace_id, 'reconcile:all')
      on conflict (workspace_id, resource) do nothing;
    end if;
  end if;

  -- Written twice: one plan for both cases would read the rows of every workspace.
  if p_workspace_id is null then
    stale_stubs_found := (
      select count(*) from crm.contacts c
      where c.needs_full_sync and c.merged_into_id is null and c.created_at < now() - p_stale_after);
    merge_candidates_found := (select count(*) from crm.merge_candidates m where m.status = 'open');
  else
    stale_stubs_found := (
      select count(*) from crm.contacts c
      where c.workspace_id = p_workspace_id and c.needs_full_sync and c.merged_into_id is null
        and c.created_at < now() - p_stale_after);
    merge_candidates_found := (
      select count(*) from crm.merge_candidates m where m.workspace_id = p_workspace_id and m.status = 'open');
  end if;
  return next;
end;
$$;
comment on function crm.reconcile_contacts(uuid, interval, int) is
  'Repairs what deliveries left behind, over p_limit (1 to 2,000) rows. Repeat it until has_more is false.

It links conversations without a contact whose participant can now be found or created, merges stubs that nothing keeps
apart any more, and ties events to messages they missed. Each call resumes where the last one stopped. Without
p_workspace_id it covers all workspaces.
stale_stubs_found: stubs created longer ago than p_stale_after. merge_candidates_found: the open ones. Both are counts
of now, after this call.

PT400 invalid_input, PT404 not_found.';
