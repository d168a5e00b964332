create function crm_private.resolve_contacts_again(
  p_account crm.channel_accounts,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  out contact_ids uuid[],
  out outcomes text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_identities crm_private.item_identity[] := crm_private.item_identities(p_account, p_items);
begin
  for v_attempt in 1..5 loop
    begin
      select r.contact_ids, r.outcomes into contact_ids, outcomes
      from crm_private.resolve_contacts(p_account.workspace_id, p_sync_source, p_items, v_identities, false,
        clock_timestamp()) r;
      return;
    exception when serialization_failure then
      -- A contact was merged away while this waited for it: what is locked is let go, and all is read anew.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
end;
$$;
comment on function crm_private.resolve_contacts_again(crm.channel_accounts, text, crm_private.inbound_item[]) is
  'resolve_contacts for items that are no delivery of a conversation, repeated when a merge came between.';
