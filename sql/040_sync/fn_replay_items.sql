create function crm_private.replay_items(p_account crm.channel_accounts, p_letters crm.dead_letters[], p_now timestamptz)
returns jsonb[]
language plpgsql
set search_path = ''
as $$
declare
  v_items jsonb := (select coalesce(jsonb_agg(l.item order by n.place), '[]')
    from unnest(p_letters) with ordinality n (id, workspace_id, channel_account_id, channel, account_external_id, reason, path, detail, item), lateral (select n.item) l);
begin
  return null;
end;
$$;
