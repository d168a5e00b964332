create function crm_private.account_sync_resource(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_what text;
begin
  select s.what into v_what from crm_private.channel_syncs() s where s.channel = p_account.channel;
  if not found then
    perform crm_private.raise_not_found(
      'sync', format('Accounts of channel %s have no sync.', p_account.channel),
      'Their webhooks bring everything; channel_syncs() lists the channels that have a sync.');
  end if;
  return crm_private.sync_resource(p_account.channel, p_account.external_id, v_what);
end;
$$;
comment on function crm_private.account_sync_resource(crm.channel_accounts) is
  'The resource that the sync of this account''s channel reads.

Errors: PT404 not_found when the channel has no sync.';
