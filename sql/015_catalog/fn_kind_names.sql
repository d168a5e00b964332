create function crm_private.kind_names()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength) from crm_private.identity_kinds() k;
$$;
comment on function crm_private.kind_names() is
  'The names of all identity kinds, strongest first: the place of a name in it is the kind''s strength.';
