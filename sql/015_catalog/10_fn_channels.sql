create function crm_private.channels()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['messenger', 'whatsapp', 'b2chat'];
$$;
comment on function crm_private.channels() is
  'The registry of channels, by name, in the order in which documents list them.';
