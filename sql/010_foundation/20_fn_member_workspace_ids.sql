-- Security definer: a policy must see the caller's memberships whatever the policies on workspace_members say.
create function crm_private.member_workspace_ids()
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(array_agg(m.workspace_id), '{}')
  from crm.workspace_members m
  where m.user_id = auth.uid();
$$;
comment on function crm_private.member_workspace_ids() is
  'The workspaces that the caller is a member of, as an array; empty for a caller that is no member.

A policy calls it inside a sub-select, so that it runs once per query.';
