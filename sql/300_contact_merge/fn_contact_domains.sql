create function crm_private.contact_domains()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['conversations'];
$$;
comment on function crm_private.contact_domains() is
  'The domains whose rows reference a contact, in the order in which a merge moves them.

Each domain offers two functions in its own room:
move_<domain>(crm.contact_merges) returns jsonb: gives the duplicate''s rows to the survivor and says which they were;
return_<domain>(crm.contact_merges) returns void: gives them back, where moved -> ''<domain>'' is what the first
returned.
A merge locks both contacts before it calls either.';
