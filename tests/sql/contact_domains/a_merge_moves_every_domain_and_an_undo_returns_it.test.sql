-- I6: a domain that ingest and merge know nothing of is moved by move_<domain> and given back by return_<domain>.
begin;
select plan(20);

select tests.create_acme();
select tests.add_deals();
select tests.upsert('contacts_api', tests.person(array['email:' || n || '@x.co'])) from unnest(array['a', 'b', 'c', 'd', 'full']) n;
select tests.open_deal(tests.workspace_id(), (tests.contact('email:' || n || '@x.co')).id, n || i::text)
from unnest(array['a', 'b', 'c', 'd']) n, generate_series(1, 2) i;

-- Whose the deals are: {name of the contact: names of the deals}.
create temporary table people as select n as name, (tests.contact('email:' || n || '@x.co')).id as id from unnest(array['a', 'b', 'c', 'd']) n;
create function pg_temp.deals() returns jsonb language sql as $$
  select jsonb_object_agg(o.name, o.deals)
  from (select p.name, jsonb_agg(d.name order by d.name) as deals from tests.deals d join people p on p.id = d.contact_id group by p.name) o
$$;
create temporary table before as select pg_temp.deals() as deals;
create function pg_temp.moved(p_merge_id uuid) returns text[] language sql as $$
  select array(select d.name from crm.contact_merges m, jsonb_array_elements_text(m.moved -> 'deals') e (id) join tests.deals d on d.id = e.id::uuid
    where m.id = p_merge_id order by d.name)
$$;
create temporary table merges (name text primary key, id uuid);
create function pg_temp.merge(p_survivor text, p_duplicate text) returns void language sql as $$
  insert into merges select p_survivor || p_duplicate, crm.merge_contacts(s.id, d.id, 'one person') from people s, people d where s.name = p_survivor and d.name = p_duplicate
$$;
create function pg_temp.undo(p_name text) returns void language sql as $$
  select crm.unmerge_contacts(m.id) from merges m where m.name = p_name
$$;

select is(crm_private.contact_domains(), '{conversations,deals}', 'deals are a domain');
select pg_temp.merge('a', 'b');
select is(pg_temp.deals(), '{"a": ["a1", "a2", "b1", "b2"], "c": ["c1", "c2"], "d": ["d1", "d2"]}', 'I6: merge_contacts moves the duplicate''s deals');
select is(pg_temp.moved(m.id), '{b1,b2}', 'I23: and the merge says which') from merges m;
select is((m.moved ? 'conversations')::text || (m.moved ? 'identities')::text, 'truetrue', 'beside what it moved of other rooms') from crm.contact_merges m where m.id = (select n.id from merges n);
select tests.open_deal(tests.workspace_id(), p.id, 'late') from people p where p.name = 'b';
select is(pg_temp.deals() -> 'a', '["a1", "a2", "b1", "b2", "late"]', 'a deal that is opened for the duplicate later is the survivor''s');
select pg_temp.undo('ab');
select is(pg_temp.deals() - 'a', '{"b": ["b1", "b2"], "c": ["c1", "c2"], "d": ["d1", "d2"]}', 'I6: undone, the duplicate has its own again');
select is(pg_temp.deals() -> 'a', '["a1", "a2", "late"]', 'I6: and the survivor its own, with what it got since');
delete from tests.deals d where d.name = 'late';
delete from crm.merge_candidates m where m.workspace_id = tests.workspace_id();
delete from merges;

-- Nested: B into A, then A into C.
select pg_temp.merge('a', 'b'), pg_temp.merge('c', 'a');
select is(pg_temp.deals(), '{"c": ["a1", "a2", "b1", "b2", "c1", "c2"], "d": ["d1", "d2"]}', 'I6: a survivor that is merged away takes along what it was given');
select is(pg_temp.moved((select m.id from merges m where m.name = 'ca')), '{a1,a2,b1,b2}', 'I23: the second merge says so');
select tests.throws_code('select pg_temp.undo(''ab'')', 'PT409', 'merged_again', 'the first one is undone last');
select is(pg_temp.deals() -> 'c', '["a1", "a2", "b1", "b2", "c1", "c2"]', 'and what is refused moves no deal');
select pg_temp.undo('ca');
select is(pg_temp.deals() -> 'a', '["a1", "a2", "b1", "b2"]', 'I6: the second one undone, the first stands');
select pg_temp.undo('ab');
select is(pg_temp.deals(), b.deals, 'I6: both undone, all is as it was') from before b;
delete from crm.merge_candidates m where m.workspace_id = tests.workspace_id();
delete from merges;

-- Later merges on top: B, then C, then D into A. The one below is undone.
select pg_temp.merge('a', 'b'), pg_temp.merge('a', 'c'), pg_temp.merge('a', 'd');
select pg_temp.undo('ab');
select is(pg_temp.deals(), '{"a": ["a1", "a2", "c1", "c2", "d1", "d2"], "b": ["b1", "b2"]}', 'I6: undone below later merges, only its deals go back');
select is(pg_temp.moved(m.id), case m.name when 'ac' then '{c1,c2}'::text[] else '{d1,d2}' end, 'I23: the later ones still say what is theirs') from merges m where m.name <> 'ab' order by m.name;
select pg_temp.undo('ad');
select is(pg_temp.deals() - 'a', '{"b": ["b1", "b2"], "d": ["d1", "d2"]}', 'I6: the last one undone');
select pg_temp.undo('ac');
select is(pg_temp.deals(), b.deals, 'I6: all undone, all is as it was') from before b;

-- What cannot move stops the merge.
create or replace function crm_private.move_deals(p_merge crm.contact_merges) returns jsonb
language plpgsql set search_path = '' as $$ begin raise exception using errcode = 'PT409', message = 'A deal is being signed.'; end $$;
select tests.throws_code(format('select crm.merge_contacts(%L, %L, ''one person'')', a.id, f.id), 'PT409', null, 'a domain that refuses stops the merge')
from people a, tests.contact('email:full@x.co') f where a.name = 'a';
select is((tests.contact('email:full@x.co')).merged_into_id, null, 'and the two stay two');

select * from finish();
rollback;
