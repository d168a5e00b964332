create function crm_private.merchant_time_zone(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(p_account.settings ->> 'time_zone', (
    select s.default_value #>> '{}'
    from crm_private.settings() s
    where s.channel = p_account.channel and s.name = 'time_zone'));
end;
$$;
comment on function crm_private.merchant_time_zone(crm.channel_accounts) is
  'The time zone of the merchant''s times: what the account''s setting says, known to the server or not.';
