create function crm_private.merge_payloads(p_one jsonb, p_other jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(k.key, k.value), '{}')
    from (
      select distinct on (e.key) e.key, e.value
      from (select * from jsonb_each(p_one) union all select * from jsonb_each(p_other)) e
      order by e.key, e.value::text collate "C" desc
    ) k
  );
end;
$$;
comment on function crm_private.merge_payloads(jsonb, jsonb) is
  'The keys of both objects; where both have a key, the greater value.

The order of the two makes no difference, and joining again changes nothing.';
