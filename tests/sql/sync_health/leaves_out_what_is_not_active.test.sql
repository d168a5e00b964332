begin;
select plan(2);

select tests.create_acme();
select isnt_empty($$ select from crm.sync_health h where h.subject = 'messenger:pgtap-page' $$, 'an active account has rows');
update crm.channel_accounts a set is_active = false where a.external_id = 'pgtap-page';
select is_empty($$ select from crm.sync_health h where h.subject = 'messenger:pgtap-page' $$, 'another one has none');

select * from finish();
rollback;
