create function crm_private.require_account_lock(p_account crm.channel_accounts, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform crm_private.require_sync_lock((
    select l.resource
    from crm.sync_locks l
    where l.token = p_token
      and crm_private.resource_belongs_to(l.resource, p_account.channel, p_account.external_id)
  ), p_token);
end;
$$;
comment on function crm_private.require_account_lock(crm.channel_accounts, uuid) is
  'Returns when this token holds the lock of a resource of the account.

No other caller can take that lock before the transaction ends.
Errors: PT409 lock_lost.';
