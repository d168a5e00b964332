create function crm.backfill_phones(p_workspace_id uuid, p_dry_run boolean default true, p_limit int default 500)
returns table (scanned int, normalized int, merged int, candidates int, remaining int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set statement_timeout = '60s'
as $$
#variable_conflict use_column
declare
  v_resource text := 'backfill:phones';
  v_after uuid;
  v_last uuid;
begin
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;
  if p_limit is null or p_limit not between 1 and 2000 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 2,000 contacts.');
  end if;

  select (s.cursor ->> 'after')::uuid into v_after
  from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = v_resource for update;
  for v_attempt in 1..5 loop
    begin
      select b.* into scanned, normalized, merged, candidates, v_last
      from crm_private.backfill_phones_of(p_workspace_id,
        coalesce(v_after, '00000000-0000-0000-0000-000000000000'), p_limit) b;
      remaining := case when v_last is null then 0 else (
        select count(*)
        from crm.contacts c
        where c.workspace_id = p_workspace_id and c.id > v_last and (c.mobile is not null or c.phone is not null)
          and c.merged_into_id is null
      ) end;
      if coalesce(p_dry_run, true) then
        -- A dry run does the work and rolls it back: so it reports exactly what a run would do.
        raise exception using errcode = 'OF001';
      end if;
      exit;
    exception
      when sqlstate 'OF001' then
        exit;
      when serialization_failure then
        -- Another transaction merged a contact away: release the locks and read again.
        if v_attempt = 5 then
          raise;
        end if;
    end;
  end loop;

  if not coalesce(p_dry_run, true) then
    -- After the last contact the next call starts over, and finds what was written since.
    insert into crm.sync_state (resource, workspace_id, cursor)
    values (v_resource, p_workspace_id, jsonb_build_object('after', case when remaining > 0 then v_last end))
    on conflict (workspace_id, resource) do update set cursor = excluded.cursor, updated_at = clock_timestamp();
  end if;
  return next;
end;
$$;
comment on function crm.backfill_phones(uuid, boolean, int) is
  'Brings the next p_limit contacts (1 to 2,000) that have a phone to what normalize_phone says now.

It changes phone_normalized and the phone identity. Stubs that turn out to share a number are merged; full contacts
become merge candidates. Repeat it until remaining is 0; the next call starts over. A dry run (the default) reports what
the next call would do and changes nothing.
Of the p_limit contacts: scanned, normalized (phone_normalized changed), merged (contacts merged away), candidates (new
ones).

PT400 invalid_input, PT404 not_found.';
