-- Whoever deletes or moves a parent must find its children without reading the whole table.
begin;
select plan(1);

select is_empty($$
  select f.conrelid::regclass, f.conname
  from pg_constraint f
  where f.contype = 'f' and f.connamespace = 'crm'::regnamespace
    and not exists (
      select
      from pg_index x
      cross join generate_series(1, least(cardinality(f.conkey), x.indnkeyatts)) n (columns)
      where x.indrelid = f.conrelid and x.indisvalid
        -- Its first columns are columns of the key, and the last of the key, which names the parent, is among them.
        and (x.indkey::int2[])[0:n.columns - 1] <@ f.conkey
        and f.conkey[cardinality(f.conkey)] = any ((x.indkey::int2[])[0:n.columns - 1]))
$$, 'every foreign key has an index that starts with its columns');

select * from finish();
rollback;
