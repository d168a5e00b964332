create function crm_private.participant_problems(p_participants jsonb[])
returns table (ordinal int, path text)
language plpgsql
stable
set search_path = ''
rows 1
as $$
begin
  return query
  with fields as materialized (
    select p.ordinal::int as ordinal, f.key, f.value, jsonb_typeof(f.value) as type
    from unnest(p_participants) with ordinality p (participant, ordinal)
    cross join lateral jsonb_each(p.participant) f
    where jsonb_typeof(p.participant) = 'object'
  )
  select f.ordinal, '.' || f.key
  from fields f
  where f.type <> 'null'
    and case
      when f.key in ('identities', 'previous_identities', 'tags') then f.type <> 'array'
      when f.key = 'custom_attributes' then f.type <> 'object'
      when f.key in ('source_created_at', 'source_updated_at') then crm_private.event_time(f.value #>> '{}') is null
      when f.key = any (crm_private.contact_text_fields() || '{identification,wa_id}') then f.type not in ('string', 'number') or length(f.value #>> '{}') > 4000
      else false
    end
  union all
  select f.ordinal, format('.%s[%s].%s', f.key, i.index - 1, w.wrong)
  from fields f
  cross join lateral jsonb_array_elements(f.value) with ordinality i (identity, index)
  cross join lateral (
    select case
      when jsonb_typeof(i.identity) <> 'object'
        or coalesce(i.identity ->> 'kind', '') not in ('psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email') then 'kind'
      when jsonb_typeof(i.identity -> 'value') is distinct from 'string' or length(i.identity ->> 'value') > 256 then 'value'
      when i.identity ? 'scope' and (jsonb_typeof(i.identity -> 'scope') not in ('string', 'null') or length(i.identity ->> 'scope') > 256) then 'scope'
    end as wrong
  ) w
  where f.key in ('identities', 'previous_identities') and f.type = 'array' and w.wrong is not null
  union all
  -- Fields alone are bounded above; what is left to grow is custom attributes and tags.
  select f.ordinal, '.' || f.key
  from fields f
  where f.key in ('custom_attributes', 'tags') and octet_length(f.value::text) > 262144;
end;
$$;
comment on function crm_private.participant_problems(jsonb[]) is
  'What is wrong with participants, as JSON paths from each one''s root: a value of the wrong type, an unknown identity kind, more than 256 kB of custom attributes or tags. Unknown fields are ignored.';
