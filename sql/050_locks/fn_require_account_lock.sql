create function crm_private.require_account_lock(p_account crm.channel_accounts, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform crm_private.require_sync_lock((
    select l.resource
    from crm.sync_locks l
    where l.token = p_token and crm_private.is_resource_of(l.resource, p_account.channel, p_account.external_id)
  ), p_token);
end;
$$;
comment on function crm_private.require_account_lock(crm.channel_accounts, uuid) is
  'Returns when this token holds the lock of a resource of the account, and keeps it so to the end of the transaction. PT409 lock_lost otherwise.';
