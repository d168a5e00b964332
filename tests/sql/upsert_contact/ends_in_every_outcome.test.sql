-- What becomes of a word is decided by who says it, who is there, and what is new in it: every combination, on every way in.
begin;
select plan(5);

select tests.create_acme();
-- Everybody is ana@x.co and was called Ana at second 10. In the columns: what the word brings, and what becomes of it.
create table pg_temp.expected (source text, before text, nobody text, nothing text, same text, newer text, older text, another_field text, another_id text);
insert into pg_temp.expected values
  ('chat_embedded', 'nobody',             'ignored', 'created', 'created', 'created', 'created', 'created', 'created'),
  ('chat_embedded', 'a stub',             'ignored', 'unchanged', 'unchanged', 'updated', 'stale', 'updated', 'updated'),
  ('chat_embedded', 'a full contact',     'ignored', 'linked', 'linked', 'linked', 'linked', 'updated', 'updated'),
  ('chat_embedded', 'an upgraded stub',   'ignored', 'linked', 'linked', 'linked', 'linked', 'updated', 'updated'),
  ('chat_embedded', 'one merged into a stub', 'ignored', 'unchanged', 'unchanged', 'updated', 'stale', 'updated', 'updated'),
  ('chat_embedded', 'one merged into a full', 'ignored', 'linked', 'linked', 'linked', 'linked', 'updated', 'updated'),
  ('contacts_api', 'nobody',              'ignored', 'created', 'created', 'created', 'created', 'created', 'created'),
  ('contacts_api', 'a stub',              'ignored', 'upgraded', 'upgraded', 'upgraded', 'upgraded', 'upgraded', 'upgraded'),
  ('contacts_api', 'a full contact',      'ignored', 'unchanged', 'unchanged', 'updated', 'stale', 'updated', 'updated'),
  ('contacts_api', 'an upgraded stub',    'ignored', 'unchanged', 'unchanged', 'updated', 'stale', 'updated', 'updated'),
  ('contacts_api', 'one merged into a stub', 'ignored', 'upgraded', 'upgraded', 'upgraded', 'upgraded', 'upgraded', 'upgraded'),
  ('contacts_api', 'one merged into a full', 'ignored', 'unchanged', 'unchanged', 'updated', 'stale', 'updated', 'updated');
create view pg_temp.cases as
  select e.source, e.before, w.key as brings, w.value as outcome, y.way
  from pg_temp.expected e
  cross join lateral jsonb_each_text(to_jsonb(e) - '{source,before}'::text[]) w
  join (values ('upsert_contact', null), ('bulk_upsert_contacts', null), ('upsert_conversation_with_events', 'chat_embedded')) y (way, only_source)
    on coalesce(y.only_source, e.source) = e.source;

create function pg_temp.ana(p_at numeric, p_name text default 'Ana', p_identities text[] default '{email:ana@x.co}') returns jsonb language sql as $$
  select tests.person(p_identities, jsonb_build_object('full_name', p_name, 'source_updated_at', tests.ms(p_at)))
$$;
create function pg_temp.prepare(p_before text) returns void language plpgsql as $$
begin
  case p_before
    when 'nobody' then null;
    when 'a stub' then perform tests.upsert('chat_embedded', pg_temp.ana(10));
    when 'a full contact' then perform tests.upsert('contacts_api', pg_temp.ana(10));
    when 'an upgraded stub' then perform tests.upsert('chat_embedded', pg_temp.ana(9)), tests.upsert('contacts_api', pg_temp.ana(10));
    else
      perform tests.upsert('chat_embedded', pg_temp.ana(10));
      perform tests.upsert(case when p_before like '%a full' then 'contacts_api' else 'chat_embedded' end, pg_temp.ana(10, 'Ana', '{phone:+573001112233}'));
      -- Of two stubs the older one would stay.
      update crm.contacts c set created_at = c.created_at - interval '1 day' where c.id = (tests.contact('phone:+573001112233')).id;
      perform tests.upsert('chat_embedded', tests.person('{email:ana@x.co,phone:+573001112233}'));
      if (tests.contact('email:ana@x.co')).id <> (tests.contact('phone:+573001112233')).id or tests.count_of('contacts') <> 2 then
        raise exception 'Ana''s contact was not merged away';
      end if;
  end case;
end $$;
create function pg_temp.word(p_brings text) returns jsonb language sql as $$
  select case p_brings
    when 'nobody' then pg_temp.ana(20, 'Bea', '{email:hidden}')
    when 'nothing' then tests.person('{email:ana@x.co}')
    when 'same' then pg_temp.ana(10)
    when 'newer' then pg_temp.ana(20, 'Bea')
    when 'older' then pg_temp.ana(5, 'Zoe')
    when 'another_field' then pg_temp.ana(5, 'Zoe') || '{"city": "Cali"}'
    when 'another_id' then tests.person('{email:ana@x.co,wa_id:573009998877}')
  end
$$;
-- The outcome and what is left of it: whose contact it is, and the contact's source. Everything is taken back.
create function pg_temp.try(p_way text, p_source text, p_before text, p_brings text, out outcome text, out is_hers boolean, out sync_source text)
language plpgsql as $$
declare
  v_word jsonb := pg_temp.word(p_brings);
  v_contact_id uuid;
begin
  perform pg_temp.prepare(p_before);
  case p_way
    when 'upsert_contact' then
      select r.outcome, r.contact_id into outcome, v_contact_id from crm.upsert_contact(tests.workspace_id(), p_source, v_word) r;
    when 'bulk_upsert_contacts' then
      select r.outcome, r.contact_id into outcome, v_contact_id from crm.bulk_upsert_contacts(tests.workspace_id(), p_source, jsonb_build_array(v_word)) r;
    else
      select r.contact_outcome, r.contact_id into outcome, v_contact_id from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'),
        jsonb_strip_nulls(jsonb_build_object('thread_id', 't1', 'participant', v_word, 'updated_at', v_word -> 'source_updated_at'))) r;
  end case;
  is_hers := v_contact_id is not distinct from case when p_brings <> 'nobody' then (tests.contact('email:ana@x.co')).id end;
  sync_source := (select c.sync_source from crm.contacts c where c.id = v_contact_id);
  raise sqlstate 'TT000';
exception when sqlstate 'TT000' then
  return;
end $$;
create table pg_temp.reached as
  select c.*, t.outcome as is_outcome, t.is_hers, t.sync_source from pg_temp.cases c cross join lateral pg_temp.try(c.way, c.source, c.before, c.brings) t;

select is_empty($$ select r.* from pg_temp.reached r where r.is_outcome is distinct from r.outcome $$, 'each ends as it should');
select is_empty($$ select r.* from pg_temp.reached r where r.is_hers is distinct from true $$, 'it is about whose e-mail it names, and about nobody without one');
select is_empty($$ select r.* from pg_temp.reached r where r.sync_source <> case
    when r.outcome = 'created' then r.source
    when r.outcome = 'upgraded' or r.before = 'an upgraded stub' then 'upgraded'
    when r.before in ('a full contact', 'one merged into a full') then 'contacts_api'
    else 'chat_embedded'
  end $$, 'and the contact says where it comes from');
select set_eq($$ select r.source, r.is_outcome, r.way from pg_temp.reached r $$,
  $$ select s.source, o.outcome, y.way
    from unnest(array['created', 'linked', 'updated', 'upgraded', 'unchanged', 'stale', 'ignored']) o (outcome)
    cross join unnest(array['chat_embedded', 'contacts_api']) s (source)
    cross join unnest(array['upsert_contact', 'bulk_upsert_contacts', 'upsert_conversation_with_events']) y (way)
    where (o.outcome <> 'linked' or s.source = 'chat_embedded') and (o.outcome <> 'upgraded' or s.source = 'contacts_api')
      and (y.way <> 'upsert_conversation_with_events' or s.source = 'chat_embedded') $$,
  'every outcome is reached: a chat links and never upgrades, the API upgrades and never links');
select is((select count(*) from pg_temp.reached), 210::bigint, 'two sources, six states before, seven words, on every way there is');

select * from finish();
rollback;
