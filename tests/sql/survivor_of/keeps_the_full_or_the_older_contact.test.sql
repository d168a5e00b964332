-- I5
begin;
select plan(5);

create function pg_temp.survivor(p_is_stub boolean, p_at int, p_other_is_stub boolean, p_other_at int) returns text language sql as $$
  select array_agg(distinct case s.id when md5('one')::uuid then 'one' else 'other' end)::text
  from (values
    (crm_private.survivor_of(md5('one')::uuid, p_is_stub, to_timestamp(p_at), md5('other')::uuid, p_other_is_stub, to_timestamp(p_other_at))),
    (crm_private.survivor_of(md5('other')::uuid, p_other_is_stub, to_timestamp(p_other_at), md5('one')::uuid, p_is_stub, to_timestamp(p_at)))
  ) s (id)
$$;
select is(pg_temp.survivor(false, 2, true, 1), '{one}', 'a full contact survives an older stub, whichever is named first');
select is(pg_temp.survivor(true, 1, false, 2), '{other}', 'and so does the other one');
select is(pg_temp.survivor(true, 1, true, 2), '{one}', 'of two stubs the older survives');
select is(pg_temp.survivor(true, 2, true, 1), '{other}', 'and so does the other one');
select is(pg_temp.survivor(true, 1, true, 1), case when md5('one')::uuid < md5('other')::uuid then '{one}' else '{other}' end,
  'of two equally old ones the lesser id');

select * from finish();
rollback;
