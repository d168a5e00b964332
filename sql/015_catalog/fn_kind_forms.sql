create function crm_private.kind_forms()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_object_agg(k.kind, k.canonical_form) from crm_private.identity_kinds() k;
$$;
comment on function crm_private.kind_forms() is '{kind: canonical_form} of all kinds.';
