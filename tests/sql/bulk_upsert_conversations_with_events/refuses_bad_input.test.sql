begin;
select plan(8);

select tests.create_acme();
select tests.throws_code(format('select crm.bulk_upsert_conversations_with_events(tests.account_id(%L), %L)', 'pgtap-page', i.items), 'PT400', 'invalid_input', coalesce(i.items, 'no items'))
from (values (null), ('null'), ('{}'), ('"x"'), ('7')) i (items);
select tests.throws_code($$ select crm.bulk_upsert_conversations_with_events(gen_random_uuid(), '[]') $$, 'PT404', 'not_found', 'an unknown account');
select tests.throws_code($$ select crm.bulk_upsert_conversations_with_events(null, '[]') $$, 'PT404', 'not_found', 'no account');
select tests.throws_code($$ select crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), '[]', gen_random_uuid()) $$, 'PT409', 'lock_lost', 'I13: a lock that nobody holds');

select * from finish();
rollback;
