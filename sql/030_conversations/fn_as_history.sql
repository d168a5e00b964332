create function crm_private.as_history(p_item jsonb, p_before timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select
    case
      when p_before is null or jsonb_typeof(p_item -> 'events') is distinct from 'array' then p_item
      else jsonb_set(p_item, '{events}', (
        select coalesce(jsonb_agg(
          case
            when e.event ->> 'type' = 'message' and crm_private.event_time(e.event ->> 'occurred_at') < p_before
              then e.event || '{"is_history": true}'
            else e.event
          end order by e.index), '[]')
        from jsonb_array_elements(p_item -> 'events') with ordinality e (event, index)))
    end;
$$;
comment on function crm_private.as_history(jsonb, timestamptz) is
  'The item whose messages from before p_before say is_history, so that it may be ingested later by whoever does not know the time. Null p_before: as it is.';
