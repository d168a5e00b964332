create function crm_private.claim_dead_letters(p_account crm.channel_accounts, p_tried boolean, p_limit int)
returns crm.dead_letters[]
language plpgsql
set search_path = ''
-- A custom plan: each value of p_tried is one range of the index.
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    with claimed as materialized (
      select d.*
      from crm.dead_letters d
      where d.channel = p_account.channel and d.account_external_id = p_account.external_id
        and (d.workspace_id = p_account.workspace_id or d.workspace_id is null)
        and d.status = 'open' and (d.is_item or d.tried_at is null)
        and (p_tried and d.tried_at > '-infinity' or not p_tried and d.tried_at is null)
      order by d.tried_at nulls first, d.created_at
      limit p_limit
      for update skip locked
    ), counted as (
      select c.id, sum(crm_private.event_count(c.item)) over w as events, row_number() over w as place
      from claimed c
      window w as (order by c.tried_at nulls first, c.created_at, c.id)
    )
    select coalesce(array_agg(c::crm.dead_letters order by n.place), '{}')
    from counted n
    join claimed c on c.id = n.id
    where n.place = 1 or n.events <= 2000
  );
end;
$$;
comment on function crm_private.claim_dead_letters(crm.channel_accounts, boolean, int) is
  'Locks up to p_limit open dead letters of the account that a replay may store, with up to 2,000 events.

Those from before the account was connected are included. p_tried false: those never tried. p_tried true: the others,
those tried longest ago first. It skips what another replay holds.';
