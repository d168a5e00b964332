-- I6, I8: read from the catalog, so that a table added later is not forgotten: whatever references the duplicate moves to the survivor
-- and comes back when the merge is undone. What fails here needs a domain in crm_private.contact_domains(), with its functions
-- move_<domain> and return_<domain>: the merge finds them by that name.
begin;
select plan(8);

create temporary view foreign_keys as
select f.conname::text as name, f.conrelid::regclass::text as relation, a.attname::text as "column"
from pg_constraint f
cross join lateral unnest(f.conkey, f.confkey) k (here, there)
join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.here
join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.there
where f.contype = 'f' and f.confrelid = 'crm.contacts'::regclass and b.attname = 'id';

-- The history of merges stays where it is, and so do the pairs that were merged.
create temporary table history (relation text, "column" text);
insert into history values ('crm.contacts', 'merged_into_id'), ('crm.contact_merges', 'survivor_id'), ('crm.contact_merges', 'duplicate_id');
create function pg_temp.references_to(p_contact_id uuid) returns jsonb language plpgsql as $$
declare
  v_key record;
  v_count bigint;
  v_counts jsonb := '{}';
begin
  for v_key in
    select k.* from foreign_keys k where not exists (select from history h where h.relation = k.relation and h."column" = k."column")
  loop
    execute format('select count(*) from %s t where t.%I = $1 and not (to_jsonb(t) @> ''{"status": "merged"}'' and %1$L = ''crm.merge_candidates'')',
      v_key.relation, v_key."column")
    into v_count using p_contact_id;
    v_counts := v_counts || jsonb_build_object(v_key.relation || '.' || v_key."column", v_count);
  end loop;
  return v_counts;
end $$;
create function pg_temp.without(p_counts jsonb, p_has_rows boolean) returns text[] language sql as $$
  select coalesce(array_agg(c.key order by c.key), '{}') from jsonb_each(p_counts) c where (c.value::text <> '0') = p_has_rows
$$;

select tests.create_acme();
-- The duplicate, with a row in every table that can reference it. It is the second of two pairs and the first of two.
select tests.deliver(tests.item(tests.person('{psid:P1,email:d@x.co}'), tests.said('m1', 1), tests.watermark('read', 2)), tests.chat('P2', tests.said('m2', 1)));
insert into crm.contacts (workspace_id, id) values
  (tests.workspace_id(), '00000000-0000-4000-8000-000000000001'), (tests.workspace_id(), 'ffffffff-ffff-4fff-bfff-ffffffffffff');
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id)
select tests.workspace_id(), '00000000-0000-4000-8000-000000000001', d.id from tests.contact('psid:P1') d
union all
select tests.workspace_id(), d.id, 'ffffffff-ffff-4fff-bfff-ffffffffffff' from tests.contact('psid:P1') d;

create temporary table ids as select (tests.contact('psid:P2')).id as survivor, (tests.contact('psid:P1')).id as duplicate;
create temporary table before as select pg_temp.references_to(i.duplicate) as duplicate, pg_temp.references_to(i.survivor) as survivor from ids i;

-- A table that nobody told the merge about, to see that this file finds one.
create table crm.forgotten (workspace_id uuid, contact_id uuid, foreign key (workspace_id, contact_id) references crm.contacts (workspace_id, id));
insert into crm.forgotten select tests.workspace_id(), i.duplicate from ids i;
create temporary table merge as select tests.merge('psid:P2', 'psid:P1') as id;
select is(pg_temp.without(pg_temp.references_to(i.duplicate), true), '{crm.forgotten.contact_id}', 'a foreign key that the merge forgets is found') from ids i;
drop table crm.forgotten;

select isnt(b.duplicate, '{}', 'there are foreign keys to contacts') from before b;
select is(pg_temp.without(b.duplicate, false), '{}', 'the duplicate has a row in every table that references contacts (a new table needs one above)') from before b;
select is(pg_temp.without(pg_temp.references_to(i.duplicate), true), '{}', 'I6: nothing references a contact that was merged away') from ids i;
select is(pg_temp.references_to(i.survivor), (select jsonb_object_agg(d.key, (d.value #>> '{}')::int + (b.survivor ->> d.key)::int) from jsonb_each(b.duplicate) d),
  'I6: everything went to the survivor') from ids i, before b;

select crm.unmerge_contacts(m.id) from merge m;
delete from crm.merge_candidates m using ids i where m.contact_a_id = least(i.survivor, i.duplicate) and m.contact_b_id = greatest(i.survivor, i.duplicate);
select is(pg_temp.references_to(i.duplicate), b.duplicate, 'I6: undone, everything is the duplicate''s again') from ids i, before b;
select is(pg_temp.references_to(i.survivor), b.survivor, 'I6: and the survivor has what it had') from ids i, before b;

select is_empty($$ select h.relation, h."column" from history h where not exists (select from foreign_keys k where k.relation = h.relation and k."column" = h."column") $$,
  'the list of history has no entry too many');

select * from finish();
rollback;
