create function crm_private.keep_dead_letter(
  p_account crm.channel_accounts,
  p_channel text,
  p_account_external_id text,
  p_reason text,
  p_path text,
  p_detail text,
  p_item jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.dead_letters as d (workspace_id, channel_account_id, channel, account_external_id, reason, path, detail, item, item_hash)
  values (p_account.workspace_id, p_account.id, p_channel, p_account_external_id, p_reason, p_path, p_detail, p_item,
    encode(sha256(convert_to(p_item::text, 'UTF8')), 'hex'))
  on conflict on constraint dead_letters_item_key do update set status = 'open', attempts = d.attempts + 1, reason = excluded.reason,
    path = excluded.path, detail = excluded.detail, replayed_at = null
  where d.status = 'replayed';
end;
$$;
comment on function crm_private.keep_dead_letter(crm.channel_accounts, text, text, text, text, text, jsonb) is
  'Keeps what could not be stored, with why; the same item again changes nothing, unless it had been replayed: then it is open again, and a discarded one stays discarded. p_account is null when the account is not connected.';
