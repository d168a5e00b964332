-- I5
begin;
select plan(12);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana", "city": "Cali"}'), tests.said('m1', 10)));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Anita"}'), tests.said('w1', 5)));
update crm.contacts set created_at = created_at - interval '1 day' where id = (tests.contact('wa_id:573001112233')).id;
create temporary table before as select tests.contact('psid:P1') as younger, tests.contact('wa_id:573001112233') as older;

create temporary table result as select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:P1,wa_id:573001112233}')) as r;
select is((r ->> 'contact_id')::uuid, (b.older).id, 'I5: the older stub is the one that stays') from result, before b;
select is((tests.contact('psid:P1')).id, (b.older).id, 'I5: the identity has moved') from before b;
select is((tests.conversation('psid:P1')).contact_id, (b.older).id, 'I5: so has the conversation') from before b;
select is_empty($$ select from crm.contact_interaction_events e, before b where e.contact_id = (b.younger).id $$, 'I5: and its events');
select is((tests.contact('psid:P1')).full_name, 'Ana', 'I5: the newer of both values is kept');
select is((tests.contact('psid:P1')).city, 'Cali', 'I5: and what only one had');
select is((select c.merged_into_id from crm.contacts c, before b where c.id = (b.younger).id), (b.older).id, 'I5: the other points to it') from before b;

select results_eq($$ select m.survivor_id, m.duplicate_id, m.merged_by, m.undone_at from crm.contact_merges m where m.workspace_id = tests.workspace_id() $$,
  $$ select (b.older).id, (b.younger).id, 'system', null::timestamptz from before b $$, 'I5: the merge is on record');
select is((select m.moved -> 'identities' from crm.contact_merges m where m.workspace_id = tests.workspace_id()),
  '[{"kind": "psid", "scope": "pgtap-page", "value": "P1"}]', 'I5: with the identities it moved');
select is((select m.moved -> 'conversations' from crm.contact_merges m where m.workspace_id = tests.workspace_id()),
  jsonb_build_array((tests.conversation('psid:P1')).id), 'I5: the conversations it moved');
select is((select jsonb_build_array(m.moved -> 'survivor', m.moved -> 'duplicate') from crm.contact_merges m where m.workspace_id = tests.workspace_id()),
  jsonb_build_array(to_jsonb(b.older), to_jsonb(b.younger)), 'I5: and both contacts as they were') from before b;
select tests.writes_nothing($$ select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:P1,wa_id:573001112233}')) $$, 'I5: the bridge again writes nothing');

select * from finish();
rollback;
