-- I6: a merge and its undo, compared row by row.
begin;
select plan(27);

select tests.create_acme();

-- What makes a contact, and what the API and chats say of it; then the two are merged and parted.
create function pg_temp.differences(p_before jsonb[]) returns setof text language sql as $$
  with after as (
    select jsonb_build_array(r.relation, r.content) as row from tests.rows(tests.workspace_id()) r
  ), pair as (
    select m.survivor_id, m.duplicate_id from crm.contact_merges m where m.workspace_id = tests.workspace_id() order by m.merged_at desc limit 1
  )
  select x.side || ': ' || x.row
  from (
    select 'lost' as side, b.row from (select unnest(p_before) except select a.row from after a) b (row)
    union all
    select 'new', n.row from (select a.row from after a except select unnest(p_before)) n (row)
  ) x
  cross join pair p
  where x.row ->> 0 <> 'contact_merges'
    and not (x.row ->> 0 = 'merge_candidates'
      and array[x.row #>> '{1,contact_a_id}', x.row #>> '{1,contact_b_id}'] <@ array[p.survivor_id::text, p.duplicate_id::text])
$$;
create function pg_temp.round_trip(p_survivor text, p_duplicate text, p_description text) returns setof text language plpgsql as $$
declare
  v_survivor uuid := (tests.contact(p_survivor)).id;
  v_duplicate uuid := (tests.contact(p_duplicate)).id;
  v_before jsonb[] := array(select jsonb_build_array(r.relation, r.content) from tests.rows(tests.workspace_id()) r);
  v_merge uuid := crm.merge_contacts(v_survivor, v_duplicate, 'they are one person');
begin
  return next isnt_empty(format('select * from pg_temp.differences(%L)', v_before), 'I6: merging changes ' || p_description);
  return next is((tests.contact(p_duplicate)).id, v_survivor, 'I6: and what the duplicate had is the survivor''s');
  perform crm.unmerge_contacts(v_merge);
  return next is_empty(format('select * from pg_temp.differences(%L)', v_before), 'I6: undoing it restores every row: ' || p_description);
  set constraints all immediate;
  set constraints all deferred;
end $$;

select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana", "city": "Cali"}'), tests.said('m1', 1), tests.sent('m2', 2), tests.status('m2', 'read', 3)));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233,bsuid@W:B1}', '{"full_name": "Ana R."}'), tests.said('m3', 4), tests.status('m9', 'read', 4)));
select pg_temp.round_trip('psid:P1', 'wa_id:573001112233', 'two stubs with conversations, messages and events');
select pg_temp.round_trip('wa_id:573001112233', 'psid:P1', 'the same two the other way about');

select tests.upsert('contacts_api', tests.person('{email:a@x.co,b2chat_id@contacts:1:A,identification:CC1}', jsonb_build_object('full_name', 'Ana María',
  'city', 'Bogotá', 'phone', '3101112233', 'tags', '["vip"]'::jsonb, 'custom_attributes', '{"plan": "gold", "size": 3}'::jsonb,
  'source_updated_at', tests.moment(10), 'source_created_at', tests.moment(-10))));
select tests.upsert('contacts_api', tests.person('{email:b@x.co,b2chat_id@contacts:1:B,identification:CC2}', jsonb_build_object('full_name', 'Ana M.',
  'address', 'Calle 1', 'mobile', '3151112233', 'tags', '["b2b"]'::jsonb, 'custom_attributes', '{"plan": "silver", "colour": ["red", 1]}'::jsonb,
  'source_updated_at', tests.moment(20), 'source_created_at', tests.moment(-20))));
select pg_temp.round_trip('email:a@x.co', 'email:b@x.co', 'two full contacts with other values and other ids; the duplicate is newer');
select pg_temp.round_trip('email:b@x.co', 'email:a@x.co', 'the duplicate is older');
select pg_temp.round_trip('email:a@x.co', 'psid:P1', 'a full contact takes in a stub');
select pg_temp.round_trip('psid:P1', 'email:a@x.co', 'a stub takes in a full contact');

-- Somebody whose page id changed, with one more on the same page.
select tests.deliver(tests.item(tests.person('{psid:P3}') || '{"previous_identities": [{"kind": "psid", "value": "P2"}]}', tests.said('m5', 5)));
select pg_temp.round_trip('psid:P1', 'psid:P3', 'two ids on one page, and a previous one');

-- Candidates: of the pair, of either with a third, and of both with the same.
delete from crm.merge_candidates m where m.workspace_id = tests.workspace_id();
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, status, evidence, decided_at)
select tests.workspace_id(), least(a.id, b.id), greatest(a.id, b.id), v.status, v.evidence, case v.status when 'rejected' then tests.moment(1) end
from (values ('email:a@x.co', 'email:b@x.co', 'open', '{}'::jsonb), ('email:b@x.co', 'psid:P3', 'open', '{"identities": [1, 3]}'),
  ('email:a@x.co', 'psid:P3', 'rejected', '{"identities": [1, 2]}'), ('email:b@x.co', 'wa_id:573001112233', 'rejected', '{}'), ('email:a@x.co', 'psid:P1', 'open', '{}')
) v (one, other, status, evidence), tests.contact(v.one) a, tests.contact(v.other) b;
select pg_temp.round_trip('email:a@x.co', 'email:b@x.co', 'candidates, where the survivor''s pair is rejected');
select pg_temp.round_trip('email:b@x.co', 'email:a@x.co', 'candidates, where the duplicate''s pair is rejected');

select * from finish();
rollback;
