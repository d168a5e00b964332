create function crm_private.edit_number(p_event_key text)
returns bigint
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case when p_event_key like 'edit:%' then split_part(p_event_key, ':', -1)::bigint end;
end;
$$;
comment on function crm_private.edit_number(text) is 'The n of an event key edit:<id>:<n>; null for any other key.';
