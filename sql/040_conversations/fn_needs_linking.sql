create function crm_private.needs_linking(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_looked_up record;
begin
  select l.conversations, l.unclaimed into v_looked_up from crm_private.look_up_keys(p_account, p_keys) l;
  return cardinality(v_looked_up.unclaimed) > 0 or exists (
    select
    from unnest(v_looked_up.conversations) f
    left join lateral (
      select v.contact_id from crm.conversations v
      where v.workspace_id = p_account.workspace_id and v.id = f.conversation_id
      offset 0
    ) v on true
    where v.contact_id is null);
end;
$$;
comment on function crm_private.needs_linking(crm.channel_accounts, crm_private.item_key[]) is
  'True when one of the keys names no conversation yet, or one without a contact: the delivery will write a reference.';
