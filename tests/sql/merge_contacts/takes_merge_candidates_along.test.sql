-- I5, I6: what was thought of the duplicate and a third contact is now thought of the survivor and that contact.
begin;
select plan(12);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person(array['email:' || n || '@x.co'])) from unnest(array['s', 'd', 'x', 'y', 'z']) n;
create function pg_temp.pair(p_one text, p_other text) returns crm.merge_candidates language sql as $$
  select m from crm.merge_candidates m, tests.contact('email:' || p_one || '@x.co') a, tests.contact('email:' || p_other || '@x.co') b
  where m.contact_a_id = least(a.id, b.id) and m.contact_b_id = greatest(a.id, b.id)
$$;
create function pg_temp.suggest(p_one text, p_other text, p_status text) returns void language sql as $$
  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, status, evidence)
  select tests.workspace_id(), least(a.id, b.id), greatest(a.id, b.id), p_status, jsonb_build_object('identities', jsonb_build_array(p_one))
  from tests.contact('email:' || p_one || '@x.co') a, tests.contact('email:' || p_other || '@x.co') b
$$;
select pg_temp.suggest('s', 'd', 'rejected'), pg_temp.suggest('d', 'x', 'open'), pg_temp.suggest('d', 'y', 'rejected'), pg_temp.suggest('s', 'y', 'open'), pg_temp.suggest('d', 'z', 'open'), pg_temp.suggest('s', 'z', 'rejected');
create temporary table before as select pg_temp.pair('s', 'd') as sd, pg_temp.pair('d', 'x') as dx, pg_temp.pair('s', 'y') as sy;
create temporary table ids as select (tests.contact('email:d@x.co')).id as d, tests.merge('email:s@x.co', 'email:d@x.co') as merge;

select is((select m.status from crm.merge_candidates m where m.id = (b.sd).id), 'merged', 'the pair itself is merged, although it was rejected') from before b;
select is((pg_temp.pair('s', 'x')).id, (b.dx).id, 'I6: a candidate goes along') from before b;
select is((pg_temp.pair('s', 'x')).status, 'open', 'and is open');
select is((pg_temp.pair('s', 'y')).id, (b.sy).id, 'where the survivor has that pair there is one row') from before b;
select is((pg_temp.pair('s', 'y')).status, 'rejected', 'I5: a rejection of either counts for both');
select is((pg_temp.pair('s', 'y')).evidence, '{"identities": ["d", "s"]}', 'I23: with the evidence of both');
select is((pg_temp.pair('s', 'z')).status, 'rejected', 'I5: the survivor''s rejection stays');
select is(tests.count_of('merge_candidates', format('status <> ''merged'' and %L in (contact_a_id, contact_b_id)', i.d)), 0, 'I6: no candidate names who was merged away') from ids i;
select tests.upsert('contacts_api', tests.person('{email:d@x.co,email:y@x.co}'));
select is((pg_temp.pair('s', 'y')).status, 'rejected', 'I5: nor does a delivery that names both open it');

-- Decided meanwhile: the decision goes where the candidate goes.
select crm.reject_merge_candidate((pg_temp.pair('s', 'x')).id);
select crm.unmerge_contacts(i.merge) from ids i;
select is((pg_temp.pair('d', 'x')).status, 'rejected', 'I6: what was decided meanwhile stays decided');
select is((pg_temp.pair('s', 'y')).status, 'open', 'I6: the survivor''s own pair is as it was');
select is(row((pg_temp.pair('d', 'y')).status, (pg_temp.pair('d', 'y')).evidence)::text, row('rejected', '{"identities": ["d"]}'::jsonb)::text, 'I6: and so is the duplicate''s');

select * from finish();
rollback;
