begin;
select plan(3);

select is_empty($$
  select c.oid::regclass
  from pg_class c
  where c.relnamespace in ('crm'::regnamespace, 'crm_private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and coalesce(btrim(obj_description(c.oid, 'pg_class')), '') = ''
$$, 'every table and view says what it is');

select is_empty($$
  select p.oid::regprocedure
  from pg_proc p
  where p.pronamespace in ('crm'::regnamespace, 'crm_private'::regnamespace)
    and coalesce(btrim(obj_description(p.oid, 'pg_proc')), '') = ''
$$, 'every function says what it does');

select is_empty($$
  select p.oid::regprocedure
  from pg_proc p
  where p.pronamespace = 'crm'::regnamespace
    and exists (
      select
      from regexp_matches(p.prosrc, 'errcode = ''(PT[0-9]{3})''|(crm_private[.](?:reject_input|raise_not_found))', 'g') m (part)
      where position(
        coalesce(m.part[1], case m.part[2] when 'crm_private.reject_input' then 'PT400' else 'PT404' end)
        in obj_description(p.oid, 'pg_proc')) = 0)
$$, 'every RPC says which errors it raises');

select * from finish();
rollback;
