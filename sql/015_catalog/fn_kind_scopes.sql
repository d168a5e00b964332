create function crm_private.kind_scopes()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.kind, k.scope_from), '{}')
  from crm_private.identity_kinds() k
  where k.scope_from is not null;
$$;
comment on function crm_private.kind_scopes() is '{kind: scope_from} of the kinds that have a scope.';
