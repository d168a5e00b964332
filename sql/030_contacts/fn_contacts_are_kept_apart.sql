create function crm_private.contacts_are_kept_apart(p_workspace_id uuid, p_contact_id uuid, p_other_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select exists (
        select from crm.merge_candidates m
        where m.workspace_id = p_workspace_id and m.status = 'rejected'
          and m.contact_a_id = least(p_contact_id, p_other_id) and m.contact_b_id = greatest(p_contact_id, p_other_id))
      or exists (
        select
        -- Each read by its contact, written so that the planner is offered no other index.
        from (
          select i.kind, i.scope, i.value from crm.contact_identities i
          where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
            and i.kind = any (crm_private.exclusive_kinds()) and not i.is_previous
          offset 0
        ) a
        join (
          select i.kind, i.scope, i.value from crm.contact_identities i
          where i.contact_id = p_other_id and i.workspace_id is not distinct from p_workspace_id and not i.is_previous
          offset 0
        ) b on b.kind = a.kind and b.scope = a.scope and b.value <> a.value)
  );
end;
$$;
comment on function crm_private.contacts_are_kept_apart(uuid, uuid, uuid) is
  'True when the two must not merge on their own: somebody rejected the pair, or they hold different ids of a kind that
a person has only one of.';
