create function crm_private.field_without_time(p_object jsonb, p_fields text[], p_time_zone text)
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
comment on function crm_private.field_without_time(jsonb, text[], text) is
  'The first of the fields that holds a text which is no time; null when all are times, blank or null.';
