create function crm_private.check_batch(p_items jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if jsonb_typeof(p_items) is distinct from 'array' then
    perform crm_private.reject_input('$', 'Items are a JSON array.');
  end if;
  if jsonb_array_length(p_items) > 500 then
    perform crm_private.reject_input('$', 'A call takes at most 500 items.');
  end if;
  if (
    select sum(jsonb_array_length(i.item -> 'events'))
    from jsonb_array_elements(p_items) i (item)
    where jsonb_typeof(i.item -> 'events') = 'array') > 2000 then
    perform crm_private.reject_input('$', 'A call takes at most 2,000 events.');
  end if;
end;
$$;
comment on function crm_private.check_batch(jsonb) is
  'Checks the size of a call''s items.

PT400 invalid_input for what is no array, more than 500 items, or more than 2,000 events.';
