-- I15: the items of a page with a bad one are stored one by one, and each is read anew when what it names is merged away meanwhile.
begin;
select plan(3);

select tests.create_acme();
create temporary sequence calls;
alter function crm_private.ingest_items(crm.channel_accounts, jsonb, timestamptz, timestamptz) rename to ingest_items_kept;
create function crm_private.ingest_items(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
returns setof crm_private.ingest_result language plpgsql as $$
begin
  -- The page, its first item, and its second one: twice in vain.
  if nextval('pg_temp.calls') in (3, 4) then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
  return query select r.* from crm_private.ingest_items_kept(p_account, p_items, p_now, p_history_before) r;
end $$;
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');

create temporary table stored as select tests.deliver(tests.chat('P1', tests.said('m1', 1, 'refuse me')), tests.chat('P2', tests.said('m2', 2)), tests.chat('P3', tests.said('m3', 3))) as results;
select is((select array_agg(r ->> 'ordinal' || coalesce(r #>> '{error,code}', '') order by r ->> 'ordinal') from stored s, jsonb_array_elements(s.results) r), '{1refused_by_database,2,3}', 'only the bad one is refused');
select is(tests.count_of('messages'), 2, 'its neighbours are stored');
select is(currval('pg_temp.calls'), 6::bigint, 'after as many attempts as it took');

select * from finish();
rollback;
