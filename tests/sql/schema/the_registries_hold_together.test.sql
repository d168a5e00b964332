-- What the registries of sql/015_catalog say fits together, and the tables take what is registered and nothing else.
begin;
select plan(19);

select results_eq(
  $$ select k.strength from crm_private.identity_kinds() k order by 1 $$,
  $$ select n from generate_series(1, (select count(*)::int from crm_private.identity_kinds())) n $$,
  'strengths count from 1: the place of a kind in kind_names is its strength');
select is_empty($$ select k.kind from crm_private.identity_kinds() k group by 1 having count(*) > 1 $$, 'a kind is registered once');
select is_empty($$
  select k.* from crm_private.identity_kinds() k
  where num_nulls(k.is_exclusive, k.is_provider_given) > 0 or k.canonical_form <> all (array['trimmed', 'digits', 'e164', 'mail'])
    or k.scope_from <> all (array['account', 'business', 'chats']) or k.names_conversation_on <> all (crm_private.channels())
$$, 'forms, scopes and channels of kinds are known ones');
select is_empty($$
  select k.kind from crm_private.identity_kinds() k
  where k.scope_from is not null and crm_private.identity_scope(k.kind, null, row(null, null, null, 'X', null, '{}', null, null)::crm.channel_accounts) not like '%X'
$$, 'a kind with a scope has one without the delivery''s word');
select is_empty($$
  select k.kind from crm_private.identity_kinds() k
  where k.scope_from is null and crm_private.identity_scope(k.kind, 'given', row(null, null, null, 'X', null, '{}', null, null)::crm.channel_accounts) <> ''
$$, 'and one without has none in spite of it');

select is_empty($$ select c from unnest(crm_private.channels()) c group by 1 having count(*) > 1 $$, 'a channel is registered once');
select is_empty($$
  select s.channel from crm_private.channel_syncs() s group by 1 having count(*) > 1 or s.channel <> all (crm_private.channels())
$$, 'a channel has one sync at most');
select is_empty($$
  select s.function_name from crm_private.channel_syncs() s
  where s.what !~ '^[a-z]+$' or s.function_name !~ '^[a-z0-9-]+$' or s.min_interval < '0' or s.needs_watermark is null
$$, 'what a sync says can be used');

select is_empty($$ select s.belongs_to, s.channel, s.name from crm_private.settings() s group by 1, 2, 3 having count(*) > 1 $$, 'a setting is registered once');
select is_empty($$
  select s.* from crm_private.settings() s
  where s.belongs_to <> all (array['workspace', 'channel_account']) or s.channel <> all (crm_private.channels())
    or s.belongs_to = 'workspace' and s.channel is not null or s.name !~ '^[a-z][a-z0-9_]*$' or btrim(s.description) = ''
$$, 'and belongs to something');
select is_empty($$
  select s.name, s.default_value from crm_private.settings() s
  where s.default_value is not null and crm_private.setting_value('$', s.type, s.default_value) <> s.default_value
$$, 'a default is a value of the type');
select tests.throws_code(format('select crm_private.setting_value(%L, %L, %L)', '$.' || s.name, s.type, '[]'), 'PT400', 'invalid_input', 'the type of ' || s.name || ' is a known one')
from crm_private.settings() s;

select lives_ok($$
  insert into crm.blocked_identity_values (kind, pattern) select k, 'pgtap' from unnest(crm_private.kind_names() || '{*}') k
$$, 'every registered kind can be blocked');
select throws_ok($$ insert into crm.blocked_identity_values (kind, pattern) values ('nonsense', 'pgtap') $$, '23514', null, 'and no other');
select set_eq($$
  select c.conrelid::regclass::text, c.conname::text, substring(pg_get_constraintdef(c.oid) from 'crm_private[.]\w+')
  from pg_constraint c where c.contype = 'c' and pg_get_constraintdef(c.oid) ~ 'crm_private[.]'
$$, $$ values
  ('crm.contact_identities', 'kind_is_valid', 'crm_private.kind_names'), ('crm.blocked_identity_values', 'kind_is_valid', 'crm_private.kind_names'),
  ('crm.channel_accounts', 'channel_is_valid', 'crm_private.channels'), ('crm.workspace_members', 'role_is_valid', 'crm_private.roles')
$$, 'the constraints read the registries');
select is(crm_private.one_of('{}'), '', 'a sentence of no names');

select * from finish();
rollback;
