create function crm_private.event_count(p_item jsonb)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return greatest(
    case when jsonb_typeof(p_item -> 'events') = 'array' then jsonb_array_length(p_item -> 'events') end, 1);
end;
$$;
comment on function crm_private.event_count(jsonb) is
  'How many events an item counts as: those it has, and one when it has none.';
