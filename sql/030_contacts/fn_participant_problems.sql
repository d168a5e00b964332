create function crm_private.participant_problems(p_participants jsonb[])
returns table (ordinal int, path text)
language plpgsql
stable
set search_path = ''
rows 1
as $$
begin
  return query
  select p.ordinal::int, '.' || f.key
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral jsonb_each(case when jsonb_typeof(p.participant) = 'object' then p.participant else '{}' end) f
  where jsonb_typeof(f.value) <> 'null'
    and case
      when f.key = any (crm_private.contact_text_fields() || '{identification,wa_id}') then
        jsonb_typeof(f.value) not in ('string', 'number') or length(f.value #>> '{}') > 4000
      when f.key in ('identities', 'previous_identities', 'tags') then jsonb_typeof(f.value) <> 'array'
      when f.key = 'custom_attributes' then jsonb_typeof(f.value) <> 'object'
      when f.key = 'source_updated_at' then crm_private.plausible_time(crm_private.event_time(f.value #>> '{}')) is null
      when f.key = 'source_created_at' then crm_private.event_time(f.value #>> '{}') is null
      else false
    end
  union all
  select p.ordinal::int, format('.%s[%s].%s', l.key, i.index - 1, w.wrong)
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral (
    values
      ('identities', p.participant -> 'identities'),
      ('previous_identities', p.participant -> 'previous_identities')
  ) l (key, list)
  cross join lateral jsonb_array_elements(
    case when jsonb_typeof(l.list) = 'array' then l.list else '[]' end) with ordinality i (identity, index)
  cross join lateral (
    select case
      when jsonb_typeof(i.identity) <> 'object'
        or coalesce(i.identity ->> 'kind', '') <> all (crm_private.kind_names()) then 'kind'
      when jsonb_typeof(i.identity -> 'value') is distinct from 'string'
        or length(i.identity ->> 'value') > 256 then 'value'
      when i.identity ? 'scope' and (
        jsonb_typeof(i.identity -> 'scope') not in ('string', 'null') or length(i.identity ->> 'scope') > 256)
        then 'scope'
    end as wrong
  ) w
  where w.wrong is not null
  union all
  -- Fields alone are bounded above; what is left to grow is custom attributes and tags.
  select p.ordinal::int, '.' || l.key
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral (
    values ('custom_attributes', p.participant -> 'custom_attributes'), ('tags', p.participant -> 'tags')
  ) l (key, value)
  where octet_length(l.value::text) > 262144
    or l.key = 'custom_attributes' and jsonb_typeof(l.value) = 'object'
      and (select count(*) from jsonb_object_keys(l.value)) > 500;
end;
$$;
comment on function crm_private.participant_problems(jsonb[]) is
  'What is wrong with participants, as JSON paths from each one''s root: a value of the wrong type, a source_updated_at
before 2004 or more than 24 hours ahead, an unknown identity kind, more than 256 kB of custom attributes or tags, more
than 500 custom attributes. Unknown fields are ignored.';
