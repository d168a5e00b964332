create function crm_private.raw_counts(p_outcomes crm_private.raw_outcome[])
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
immutable
set search_path = ''
as $$
begin
  return query
  select count(*)::int, count(*) filter (where o.outcome = 'created')::int,
    count(*) filter (where o.outcome = 'updated')::int, count(*) filter (where o.outcome = 'upgraded')::int,
    count(*) filter (where o.outcome = 'skipped')::int, count(*) filter (where o.outcome = 'failed')::int
  from unnest(p_outcomes) o;
end;
$$;
comment on function crm_private.raw_counts(crm_private.raw_outcome[]) is
  'Counts raw records by their outcome. processed is the sum.';
