create function crm_private.chat_contact_scope(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Nothing proves that both exports number people alike: the account's settings may say so.
  return case when p_account.settings -> 'shared_contact_ids' = 'true' then 'contacts:' else 'chats:' end
    || p_account.external_id;
end;
$$;
comment on function crm_private.chat_contact_scope(crm.channel_accounts) is
  'The scope of the contact ids in the merchant''s chats.';
