create function crm_private.exclusive_provider_kinds()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength)
  from crm_private.identity_kinds() k
  where k.is_exclusive and k.is_provider_given;
$$;
comment on function crm_private.exclusive_provider_kinds() is
  'The exclusive kinds whose values a provider made, strongest first: nobody mistypes them.';
