create function crm_private.record_replay_outcomes(p_letters crm.dead_letters[], p_errors jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Give a letter from before the account was connected to its workspace, unless that has the same item already.
  with moved as (
    delete from crm.dead_letters d
    using crm.channel_accounts a
    where d.id = any (array(select (p_letters[n]).id from generate_subscripts(p_letters, 1) n))
      and d.workspace_id is null and a.channel = d.channel and a.external_id = d.account_external_id
    returning d.id, a.workspace_id, a.id as channel_account_id, d.channel, d.account_external_id, d.reason, d.path,
      d.detail, d.item, d.item_hash, d.status, d.attempts, d.created_at
  )
  insert into crm.dead_letters (id, workspace_id, channel_account_id, channel, account_external_id, reason, path,
    detail, item, item_hash, status, attempts, created_at)
  select m.* from moved m
  on conflict on constraint dead_letters_item_key do nothing;

  with outcome as (
    select distinct on (k.id) k.id, p_errors[n.place] as error
    from generate_subscripts(p_letters, 1) n (place)
    cross join lateral (select (p_letters[n.place]).* offset 0) l
    left join crm.channel_accounts a on a.channel = l.channel and a.external_id = l.account_external_id
    cross join lateral (
      select coalesce((
        select d.id
        from crm.dead_letters d
        where d.workspace_id = a.workspace_id and d.channel = l.channel
          and d.account_external_id = l.account_external_id
          and d.item_hash = l.item_hash
      ), l.id) as id
      offset 0
    ) k
    order by k.id, p_errors[n.place] nulls first
  )
  update crm.dead_letters d set
    status = case when o.error is null then 'replayed' else 'open' end,
    replayed_at = case when o.error is null then clock_timestamp() end,
    attempts = d.attempts + (o.error is not null)::int,
    tried_at = case when o.error is null then d.tried_at else clock_timestamp() end,
    replay_error = o.error
  from outcome o
  where d.id = o.id and d.status = 'open';
end;
$$;
comment on function crm_private.record_replay_outcomes(crm.dead_letters[], jsonb[]) is
  'Records what became of replayed dead letters, by place: an error of null means stored.

What failed stays open, and is tried again after all others. A letter without a workspace gets that of its account, if
the account is connected now.';
