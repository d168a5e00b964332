create function crm_private.claim_raw_records(
  p_entity text,
  p_limit int,
  p_workspace_id uuid default null,
  p_channel_account_id uuid default null
)
returns crm.raw_records[]
language plpgsql
set search_path = ''
as $$
declare
  v_without_zone crm.channel_accounts[];
begin
  if p_limit is null or p_limit < 1 or p_limit > 500 then
    perform crm_private.reject_input('p_limit', 'The limit is 1 to 500.');
  end if;

  -- Records of an account whose time zone the server does not know stay pending. land_raw_records reports the zone.
  v_without_zone := array(
    select a from crm.channel_accounts a
    where a.channel = 'b2chat' and not crm_private.is_time_zone(crm_private.merchant_time_zone(a)));

  if p_channel_account_id is not null then
    return array(
      select c.raw
      from (
        select r as raw, r.landed_at
        from crm.raw_records r
        where r.workspace_id = p_workspace_id and r.channel_account_id = p_channel_account_id and r.entity = p_entity
          and r.status = 'pending'
          and not exists (select from unnest(v_without_zone) z where z.id = r.channel_account_id)
        order by r.landed_at
        limit p_limit
        for update skip locked
      ) c
      order by c.landed_at);
  end if;

  return array(
    select c.raw
    from (
      select r as raw, r.landed_at
      from crm.raw_records r
      where r.entity = p_entity and r.status = 'pending'
        and not exists (select from unnest(v_without_zone) z where z.id = r.channel_account_id)
      order by r.landed_at
      limit p_limit
      for update skip locked
    ) c
    order by c.landed_at);
end;
$$;
comment on function crm_private.claim_raw_records(text, int, uuid, uuid) is
  'Claims up to p_limit (1 to 500) pending records of an entity, of one account or of all, oldest first.

The claim lasts to the end of the transaction. It skips records that another transaction has claimed.
Records of an account with an unknown time zone wait.
Errors: PT400 invalid_input.';
