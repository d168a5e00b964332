create function crm_private.exclusive_kinds()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength) from crm_private.identity_kinds() k where k.is_exclusive;
$$;
comment on function crm_private.exclusive_kinds() is
  'The kinds of which a person has one current value per scope, strongest first.';
