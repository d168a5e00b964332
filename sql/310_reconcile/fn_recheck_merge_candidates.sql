create function crm_private.recheck_merge_candidates(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out examined int,
  out merged int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_batch uuid[];
  v_pair record;
  v_outcome text;
begin
  v_batch := array(
    select m.id
    from crm.merge_candidates m
    where m.workspace_id = p_workspace_id and m.status = 'open' and m.id > p_after
    order by m.id
    limit p_limit);
  examined := cardinality(v_batch);
  last_id := v_batch[examined];

  for v_attempt in 1..5 loop
    merged := 0;
    begin
      -- Lock all contacts of this call in id order before the first pair is merged.
      perform l.id
      from (
        select distinct c.id
        from unnest(v_batch) b (id)
        cross join lateral (
          select x.* from crm.merge_candidates x
          where x.workspace_id = p_workspace_id and x.id = b.id and x.status = 'open' offset 0
        ) m
        cross join lateral (values (m.contact_a_id), (m.contact_b_id)) p (id)
        cross join lateral (select crm_private.surviving_contact(p_workspace_id, p.id) as id) c
        where exists (
          select from crm.contacts x
          where x.workspace_id = p_workspace_id and x.id in (m.contact_a_id, m.contact_b_id)
            and (x.needs_full_sync or x.merged_into_id is not null))
        order by c.id
      ) i
      cross join lateral (
        select x.id from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id
        for no key update
      ) l;

      for v_pair in
        select m.id, m.contact_a_id, m.contact_b_id, m.evidence, s.is_history
        from unnest(v_batch) b (id)
        cross join lateral (
          select x.* from crm.merge_candidates x
          where x.workspace_id = p_workspace_id and x.id = b.id and x.status = 'open' offset 0
        ) m
        cross join lateral (
          select bool_or(c.merged_into_id is not null) as is_history, bool_or(c.needs_full_sync) as has_stub
          from crm.contacts c
          where c.workspace_id = p_workspace_id and c.id in (m.contact_a_id, m.contact_b_id)
        ) s
        where s.is_history or (
          s.has_stub and not crm_private.contacts_are_kept_apart(p_workspace_id, m.contact_a_id, m.contact_b_id))
        order by m.id
      loop
        v_outcome := crm_private.merge_or_propose(p_workspace_id, v_pair.contact_a_id, v_pair.contact_b_id,
          'reconciled', v_pair.evidence);
        if v_outcome = 'merged' then
          merged := merged + 1;
        end if;
        if v_outcome = 'same' or v_pair.is_history then
          -- The candidate of the two survivors replaces this one.
          update crm.merge_candidates m set status = 'merged', decided_at = clock_timestamp()
          where m.workspace_id = p_workspace_id and m.id = v_pair.id and m.status = 'open';
        end if;
      end loop;
      return;
    exception when serialization_failure then
      -- Another transaction merged a contact away: release the locks and read again.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
end;
$$;
comment on function crm_private.recheck_merge_candidates(uuid, uuid, int) is
  'Looks at the next p_limit open merge candidates after p_after.

It merges a pair with a stub that nothing keeps apart any more, and closes one whose contacts were merged meanwhile.
merged: how many contacts were merged away. last_id: where the next call resumes.';
