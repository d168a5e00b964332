create function crm_private.first_unreadable_time(p_object jsonb, p_fields text[], p_time_zone text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select min(f.field collate "C")
    from unnest(p_fields) f (field)
    where btrim(p_object ->> f.field) <> '' and crm_private.zoned_time(p_object ->> f.field, p_time_zone) is null
  );
end;
$$;
comment on function crm_private.first_unreadable_time(jsonb, text[], text) is
  'Finds the first of these fields whose text is no time.

Returns the field, null when each is a time, blank or null.';
