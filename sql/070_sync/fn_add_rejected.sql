create function crm_private.add_rejected(p_counts jsonb, p_rejected jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  if jsonb_array_length(p_rejected) = 0 then
    return p_counts;
  end if;
  return (
    select jsonb_object_agg(n.what, n.count)
    from (
      select k.what, sum(k.count) as count
      from (
        select o.key as what, o.value::int as count from jsonb_each_text(p_counts) o
        union all
        select left(coalesce(r.value ->> 'what', r.value ->> 'reason', 'rejected'), 50), 1
        from jsonb_array_elements(p_rejected) r
      ) k
      group by k.what
    ) n
  );
end;
$$;
comment on function crm_private.add_rejected(jsonb, jsonb) is
  'Adds rejected things ([{what?, reason?}]) to counts of the form {what: count}.

Each counts by what it was, or by the reason where that is not given.';
