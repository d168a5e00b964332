-- Of 1 and "1", said in the same second by the same delivery, whichever came first stayed.
begin;
select plan(2);

select tests.create_acme();
select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', s.source, 'contact', tests.person('{email:a@x.co}', jsonb_build_object('source_updated_at', tests.ms(1), 'custom_attributes', '{"plan": 1}'::jsonb))),
  jsonb_build_object('source', s.source, 'contact', tests.person('{email:a@x.co}', jsonb_build_object('source_updated_at', tests.ms(1), 'custom_attributes', '{"plan": "1"}'::jsonb)))
], 'true', 'I3: equal times are decided by the value, whatever its type: ' || s.source)
from unnest(array['chat_embedded', 'contacts_api']) s (source);

select * from finish();
rollback;
