create function crm_private.business_scope(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return p_account.settings ->> 'business_id';
end;
$$;
comment on function crm_private.business_scope(crm.channel_accounts) is
  'The scope that the account''s business-scoped ids have, whatever a delivery says; null when no setting names it.';
