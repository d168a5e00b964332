begin;
select plan(2);

select is_empty($$
  select c.relname from pg_class c where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
$$, 'I22: every table has row level security');

select is_empty($$
  select p.polrelid::regclass, p.polname
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  where c.relnamespace = 'crm'::regnamespace
    and (p.polcmd <> 'r' or p.polroles <> array['authenticated'::regrole::oid]
      or pg_get_expr(p.polqual, p.polrelid) !~ 'SELECT crm_private[.]member_workspace_ids\(\)')
$$, 'I22: policies let members read, asking for the memberships once per query, and nothing else');

select * from finish();
rollback;
