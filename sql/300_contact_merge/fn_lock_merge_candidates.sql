create function crm_private.lock_merge_candidates(p_workspace_id uuid, p_contact_id uuid, p_other_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from crm.merge_candidates m
  where m.workspace_id = p_workspace_id
    and (m.contact_a_id in (p_contact_id, p_other_id) or m.contact_b_id in (p_contact_id, p_other_id))
  order by m.id
  for update;
end;
$$;
comment on function crm_private.lock_merge_candidates(uuid, uuid, uuid) is
  'Locks the merge candidates that name one of the two contacts, in id order.

In the order of locks they come after the contacts and before conversations.';
