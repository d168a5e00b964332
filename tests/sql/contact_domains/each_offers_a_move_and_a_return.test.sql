begin;
select plan(4);

select isnt_empty('select unnest(crm_private.contact_domains())', 'a merge moves some domain');
select is_empty($$
  select d.domain
  from unnest(crm_private.contact_domains()) d (domain)
  where not exists (
    select from pg_proc p
    where p.oid = to_regprocedure(format('crm_private.move_%s(crm.contact_merges)', d.domain))
      and p.prorettype = 'jsonb'::regtype
  )
$$, 'each domain offers move_<domain>(contact_merges) returns jsonb');
select is_empty($$
  select d.domain
  from unnest(crm_private.contact_domains()) d (domain)
  where not exists (
    select from pg_proc p
    where p.oid = to_regprocedure(format('crm_private.return_%s(crm.contact_merges)', d.domain))
      and p.prorettype = 'void'::regtype
  )
$$, 'each domain offers return_<domain>(contact_merges) returns void');
select is_empty($$
  select d.domain from unnest(crm_private.contact_domains()) d (domain) group by d.domain having count(*) > 1
$$, 'no domain is moved twice');

select * from finish();
rollback;
