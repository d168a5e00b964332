create function crm_private.keep_dead_letter(
  p_account crm.channel_accounts,
  p_channel text,
  p_account_external_id text,
  p_reason text,
  p_path text,
  p_detail text,
  p_item jsonb,
  p_history_before timestamptz default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_hash text := encode(sha256(convert_to(p_item::text, 'UTF8')), 'hex');
begin
  -- A row that a replay holds is not waited for: the replay may be waiting for the contact that this transaction holds.
  insert into crm.dead_letters (workspace_id, channel_account_id, channel, account_external_id, reason, path, detail,
    item, item_hash, history_before)
  values (p_account.workspace_id, p_account.id, p_channel, p_account_external_id, p_reason, p_path, p_detail, p_item,
    v_hash, p_history_before)
  on conflict on constraint dead_letters_item_key do nothing;
  if found then
    return;
  end if;

  with changed as (
    select d.id
    from crm.dead_letters d
    where (d.workspace_id = p_account.workspace_id or p_account.workspace_id is null and d.workspace_id is null)
      and d.channel = p_channel and d.account_external_id = p_account_external_id and d.item_hash = v_hash
      and (d.status = 'replayed'
        or d.status = 'open' and (d.reason <> p_reason or d.history_before > coalesce(p_history_before, '-infinity')))
    for update skip locked
  )
  update crm.dead_letters d set
    status = 'open', reason = p_reason, path = p_path, detail = p_detail,
    attempts = d.attempts + (d.status = 'replayed')::int,
    -- Of two judgements the one that takes more for new, as of two copies.
    history_before = case
      when d.history_before is not null and p_history_before is not null then least(d.history_before, p_history_before)
    end,
    replayed_at = null, tried_at = null, replay_error = null
  from changed c
  where d.id = c.id;
end;
$$;
comment on function crm_private.keep_dead_letter(
  crm.channel_accounts, text, text, text, text, text, jsonb, timestamptz
) is
  'Keeps what could not be stored, with the reason.

The same item again changes nothing, with two exceptions: a new reason, or a letter that was replayed, opens it again. A
discarded letter stays discarded. p_account is null when the account is not connected. p_history_before is that of the
run that brought the item.';
