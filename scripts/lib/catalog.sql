-- What schemas crm and crm_private are, one row per fact: which object, and the fact in words that don't depend on oids,
-- column positions or the order things were created in. $1 is the array of schema names.
with
  spaces as (
    select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any ($1::text[])
  ),
  relations as (
    select c.*, format('%I.%I', s.nspname, c.relname) as name
    from pg_class c join spaces s on s.oid = c.relnamespace
  ),
  routines as (
    select p.*, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name
    from pg_proc p join spaces s on s.oid = p.pronamespace
  ),
  types as (
    select t.*, format('%I.%I', s.nspname, t.typname) as name
    from pg_type t join spaces s on s.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and exists (
      select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
  ),
  grants (object, acl) as (
    select 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)) from spaces
    union all
    select 'relation ' || name, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
    from relations where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select format('column %s.%I', r.name, a.attname), a.attacl
    from relations r join pg_attribute a on a.attrelid = r.oid where a.attacl is not null
    union all
    select 'function ' || name, coalesce(proacl, acldefault('f', proowner)) from routines
    union all
    select 'type ' || name, coalesce(typacl, acldefault('T', typowner)) from types
    union all
    select format('default privileges of %s on %s%s', pg_get_userbyid(d.defaclrole), d.defaclobjtype,
      ' in schema ' || s.nspname), d.defaclacl
    from pg_default_acl d left join spaces s on s.oid = d.defaclnamespace
    where s.oid is not null
    union all
    select format('default privileges of %s on %s everywhere', pg_get_userbyid(d.defaclrole), d.defaclobjtype), d.defaclacl
    from pg_default_acl d where d.defaclnamespace = 0
  ),
  objects (classid, objid, objsubid, object) as (
    select 'pg_namespace'::regclass, oid, 0, 'schema ' || nspname from spaces
    union all select 'pg_class'::regclass, oid, 0, 'relation ' || name from relations
    union all
    select 'pg_class'::regclass, r.oid, a.attnum, format('column %s.%I', r.name, a.attname)
    from relations r join pg_attribute a on a.attrelid = r.oid where a.attnum > 0 and not a.attisdropped
    union all select 'pg_proc'::regclass, oid, 0, 'function ' || name from routines
    union all select 'pg_type'::regclass, oid, 0, 'type ' || name from types
    union all
    select 'pg_constraint'::regclass, c.oid, 0, format('constraint %I on %s', c.conname, r.name)
    from pg_constraint c join relations r on r.oid = c.conrelid
    union all
    select 'pg_trigger'::regclass, t.oid, 0, format('trigger %I on %s', t.tgname, r.name)
    from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
    union all
    select 'pg_policy'::regclass, p.oid, 0, format('policy %I on %s', p.polname, r.name)
    from pg_policy p join relations r on r.oid = p.polrelid
  )

select 'schema ' || nspname as object, 'owner ' || pg_get_userbyid(nspowner) as fact from spaces
union all
select 'relation ' || name,
  format('kind %s, owner %s, row security %s, forced %s, options %s', relkind, pg_get_userbyid(relowner),
    relrowsecurity, relforcerowsecurity, coalesce((select string_agg(o, ',' order by o) from unnest(reloptions) o), 'none'))
from relations where relkind not in ('i', 'I')
union all
select format('column %s.%I', r.name, a.attname),
  format('%s, not null %s, default %s, identity %s, generated %s, collation %s', format_type(a.atttypid, a.atttypmod),
    a.attnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'), nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
    nullif(a.attcollation, 0)::regcollation)
from relations r
join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
union all
select 'view ' || name, pg_get_viewdef(oid) from relations where relkind in ('v', 'm')
union all
select 'index ' || name, format('%s, valid %s', pg_get_indexdef(oid), i.indisvalid)
from relations r join pg_index i on i.indexrelid = r.oid
union all
select 'sequence ' || r.name,
  format('%s, start %s, step %s, max %s, min %s, cycle %s', format_type(s.seqtypid, null), s.seqstart, s.seqincrement,
    s.seqmax, s.seqmin, s.seqcycle)
from relations r join pg_sequence s on s.seqrelid = r.oid
union all
select format('constraint %I on %s', c.conname, r.name), pg_get_constraintdef(c.oid)
from pg_constraint c join relations r on r.oid = c.conrelid
union all
select format('trigger %I on %s', t.tgname, r.name), format('%s, enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
union all
select format('policy %I on %s', p.polname, r.name),
  format('permissive %s, command %s, to %s, using %s, with check %s', p.polpermissive, p.polcmd,
    (select string_agg(case when o = 0 then 'public' else pg_get_userbyid(o) end, ',' order by 1) from unnest(p.polroles) o),
    coalesce(pg_get_expr(p.polqual, p.polrelid), 'none'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'none'))
from pg_policy p join relations r on r.oid = p.polrelid
union all
select 'function ' || name, format('owner %s, %s', pg_get_userbyid(proowner),
  case when prokind = 'a' then 'an aggregate' else pg_get_functiondef(oid) end)
from routines
union all
select 'type ' || t.name,
  case t.typtype
    when 'e' then 'enum ' || (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
    when 'd' then format('domain over %s, not null %s, default %s, %s', format_type(t.typbasetype, t.typtypmod), t.typnotnull,
      coalesce(t.typdefault, 'none'), coalesce((select string_agg(pg_get_constraintdef(c.oid), ',' order by c.conname)
        from pg_constraint c where c.contypid = t.oid), 'no checks'))
    else format('type %s', t.typtype)
  end
from types t
union all
select 'publication ' || p.pubname, 'publishes ' || r.name
from pg_publication p join pg_publication_rel pr on pr.prpubid = p.oid join relations r on r.oid = pr.prrelid
union all
select 'extension ' || e.extname, 'in schema ' || n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
union all
select g.object,
  format('%s granted to %s%s', a.privilege_type, case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end,
    case when a.is_grantable then ' with grant option' end)
from grants g cross join lateral aclexplode(g.acl) a
union all
select o.object, 'comment ' || d.description
from objects o join pg_description d on d.classoid = o.classid and d.objoid = o.objid and d.objsubid = o.objsubid
order by 1, 2;
