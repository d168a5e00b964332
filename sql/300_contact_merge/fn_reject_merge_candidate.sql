-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.reject_merge_candidate(p_candidate_id uuid, p_workspace_id uuid default null)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_seen crm.merge_candidates;
  v_candidate crm.merge_candidates;
begin
  select m.workspace_id into v_workspace_id
  from crm.merge_candidates m
  where m.id = p_candidate_id and m.workspace_id = coalesce(p_workspace_id, m.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');

  for v_attempt in 1..5 loop
    begin
      select m.* into v_seen from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and m.id = p_candidate_id;
      -- Lock the contacts first, as a merge does: under these locks it reads which pairs are rejected.
      perform from crm.contacts c
      where c.workspace_id = v_workspace_id and c.id in (v_seen.contact_a_id, v_seen.contact_b_id)
      order by c.id
      for no key update;
      select m.* into v_candidate from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and m.id = p_candidate_id
      for update;
      if row(v_candidate.contact_a_id, v_candidate.contact_b_id)
        is distinct from row(v_seen.contact_a_id, v_seen.contact_b_id) then
        raise exception using errcode = 'serialization_failure', message = 'The candidate has moved meanwhile.';
      end if;
      exit;
    exception when serialization_failure then
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  if v_candidate.id is null then
    perform crm_private.raise_not_found('merge_candidate', 'There is no such merge candidate.',
      'A merge of one of the two may have joined it with another: explain_contact lists the candidates of a contact.');
  end if;
  if v_candidate.status = 'merged' then
    raise exception using errcode = 'PT409', message = 'The two are merged.',
      detail = jsonb_build_object('code', 'already_merged')::text,
      hint = 'Undo the merge with unmerge_contacts: that rejects the pair.';
  end if;

  update crm.merge_candidates m set status = 'rejected', decided_at = clock_timestamp()
  where m.workspace_id = v_workspace_id and m.id = p_candidate_id and m.status = 'open';
end;
$$;
comment on function crm.reject_merge_candidate(uuid, uuid) is
  'Decides that the two contacts of a candidate are two people. For agents.

Nothing merges them on its own from then on. Rejecting again changes nothing.

PT401, PT403, PT404 not_found, PT409 already_merged.';
