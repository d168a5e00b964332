create function crm_private.split_chat(p_chat_id text, p_participant jsonb, p_updated_at timestamptz, p_events jsonb)
returns setof jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return query
  select jsonb_strip_nulls(jsonb_build_object('thread_id', p_chat_id, 'participant', p_participant))
    || case when p_updated_at is null then '{}' else jsonb_build_object('updated_at', p_updated_at) end
    || jsonb_build_object('events', (
      select coalesce(jsonb_agg(e.value order by e.index), '[]')
      from jsonb_array_elements(p_events) with ordinality e (value, index)
      where (e.index - 1) / 1000 = p.part))
  from generate_series(0, greatest(jsonb_array_length(p_events) - 1, 0) / 1000) p (part)
  order by p.part;
end;
$$;
comment on function crm_private.split_chat(text, jsonb, timestamptz, jsonb) is
  'Splits a chat into InboundItems of its thread, with at most 1,000 events each.';
