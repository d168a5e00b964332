create function crm_private.identity_scopes(p_workspace_id uuid, p_kind text)
returns setof text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_scope text;
begin
  -- One step of the primary key per scope, however many identities there are.
  select min(i.scope) into v_scope
  from crm.contact_identities i where i.workspace_id = p_workspace_id and i.kind = p_kind;
  while v_scope is not null loop
    return next v_scope;
    select min(i.scope) into v_scope
    from crm.contact_identities i
    where i.workspace_id = p_workspace_id and i.kind = p_kind and i.scope > v_scope;
  end loop;
end;
$$;
comment on function crm_private.identity_scopes(uuid, text) is
  'The scopes in which the workspace knows identities of this kind, in order.';
