-- I5, I6: who merges does not matter: a delivery that shows two stubs to be one, a page, a record of the API, the reconciliation.
begin;
select plan(11);

select tests.create_acme();
select tests.add_deals();
create function pg_temp.stubs(p_name text) returns void language plpgsql as $$
begin
  perform tests.upsert('chat_embedded', tests.person(array['email:' || p_name || '@x.co']));
  perform tests.upsert('chat_embedded', tests.person(array['phone:+57300111' || lpad(ascii(p_name)::text, 4, '0')]));
  perform tests.open_deal(tests.workspace_id(), c.id, p_name || ' ' || c.kind)
  from (select i.contact_id as id, i.kind from crm.contact_identities i
    where i.workspace_id = tests.workspace_id() and i.value in (p_name || '@x.co', '+57300111' || lpad(ascii(p_name)::text, 4, '0'))) c;
end $$;
create function pg_temp.both(p_name text) returns text[] language sql as $$
  select array['email:' || p_name || '@x.co', 'phone:+57300111' || lpad(ascii(p_name)::text, 4, '0')]
$$;
-- The deals of the contact with this e-mail.
create function pg_temp.deals(p_name text) returns text[] language sql as $$
  select array(select d.name from tests.deals d where d.contact_id = (tests.contact('email:' || p_name || '@x.co')).id order by d.name)
$$;
select pg_temp.stubs(n) from unnest(array['a', 'b', 'c', 'd']) n;
select is(pg_temp.deals('a'), '{"a email"}', 'two stubs have a deal each');

select tests.deliver(tests.item(tests.person('{psid:A}' || pg_temp.both('a')), tests.said('m1', 1)));
select is(pg_temp.deals('a'), '{"a email","a phone"}', 'I6: a delivery that bridges them moves the deal of the one that is merged away');
select tests.deliver(
  tests.item(tests.person('{psid:B}' || pg_temp.both('b')), tests.said('m2', 2)),
  tests.item(tests.person('{psid:C}' || pg_temp.both('c')), tests.said('m3', 3)));
select is(jsonb_build_array(pg_temp.deals('b'), pg_temp.deals('c')), '[["b email", "b phone"], ["c email", "c phone"]]', 'I6: so does a page that bridges several');
select tests.upsert('contacts_api', tests.person(pg_temp.both('d')));
select is(pg_temp.deals('d'), '{"d email","d phone"}', 'I6: and a record of the Contacts API');
select is(tests.count_of('contact_merges', $$ jsonb_array_length(t.moved -> 'deals') = 1 $$), 4, 'I23: each merge says which deal it moved');
select is_empty($$ select d.name from tests.deals d join crm.contacts c on c.id = d.contact_id where c.merged_into_id is not null $$,
  'I6: no deal is at a contact that was merged away');

select crm.unmerge_contacts(m.id) from crm.contact_merges m
where m.workspace_id = tests.workspace_id() and (tests.contact('email:a@x.co')).id in (m.survivor_id, m.duplicate_id);
select is(jsonb_build_array(pg_temp.deals('a'), array(select d.name from tests.deals d where d.contact_id = (tests.contact(p.ids[2])).id)), '[["a email"], ["a phone"]]',
  'I6: such a merge gives the deal back as well') from (select pg_temp.both('a')) p (ids);

-- Kept apart by an id, which turns out to be an old one.
select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:OLD,email:r@x.co}')), tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:NEW,email:r@x.co}'));
select tests.open_deal(tests.workspace_id(), (tests.contact('psid:' || n)).id, n) from unnest(array['OLD', 'NEW']) n;
select is(pg_temp.deals('r'), '{OLD}', 'two that are kept apart have a deal each');
update crm.contact_identities i set is_previous = true where i.workspace_id = tests.workspace_id() and i.value = 'OLD';
select is((select r.stubs_merged from crm.reconcile_contacts(tests.workspace_id()) r), 1, 'the reconciliation merges them');
select is(pg_temp.deals('r'), '{NEW,OLD}', 'I6: and moves the deal');
select is(tests.told_since('thread'), '{}', 'no thread was merged in any of this');

select * from finish();
rollback;
