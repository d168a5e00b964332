-- Security definer: a member's functions are; the first act is the membership check.
create function crm.channel_account(p_channel_account_id uuid)
returns table (workspace_id uuid, channel text, external_id text, settings jsonb, is_active boolean)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  perform crm_private.require_member(v_account.workspace_id, 'admin');
  if v_account.id is null then
    perform crm_private.raise_not_found('channel_account', 'There is no such channel account.',
      'Connect it with connect_channel.');
  end if;
  return query select v_account.workspace_id, v_account.channel, v_account.external_id, v_account.settings,
    v_account.is_active;
end;
$$;
comment on function crm.channel_account(uuid) is
  'A channel account, for whoever may run a sync of it: admins of its workspace. PT401, PT403, PT404 not_found.';
