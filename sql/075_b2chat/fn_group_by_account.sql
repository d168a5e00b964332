create function crm_private.group_by_account(p_rows crm.raw_records[])
returns table (account crm.channel_accounts, places int[])
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select a, c.places
  from (
    select (p_rows[p.place]).channel_account_id as id, array_agg(p.place order by p.place) as places
    from generate_subscripts(p_rows, 1) p (place)
    group by 1
  ) c
  join crm.channel_accounts a on a.id = c.id
  order by c.places[1];
end;
$$;
comment on function crm_private.group_by_account(crm.raw_records[]) is
  'Groups raw records by their account.

Returns each account with the places of its records in the array, oldest first.';
