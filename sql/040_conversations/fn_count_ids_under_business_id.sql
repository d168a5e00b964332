create function crm_private.count_ids_under_business_id(p_before crm.channel_accounts, p_after crm.channel_accounts)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_after text := crm_private.business_scope(p_after);
begin
  if crm_private.business_scope(p_before) is not distinct from v_after then
    return 0;
  end if;
  return (
    select count(*)
    from (
      select
      from jsonb_each_text(crm_private.kind_scopes()) b (kind, scope_from)
      join crm.conversation_keys k on k.workspace_id = p_before.workspace_id and k.channel_account_id = p_before.id
        and k.kind = 'participant' and k.value >= b.kind || ':' and k.value < b.kind || ';'
      cross join lateral (select substr(k.value, length(b.kind) + 2) as value) d
      where b.scope_from = 'business'
        and exists (
          select from crm_private.identity_scopes(p_before.workspace_id, b.kind) s (scope)
          join crm.contact_identities i on i.workspace_id = p_before.workspace_id and i.kind = b.kind
            and i.scope = s.scope and i.value = d.value)
        -- An id that is known in the new scope as well is found there. Without a business, deliveries say the scope.
        and not exists (
          select from crm.contact_identities i
          where i.workspace_id = p_before.workspace_id and i.kind = b.kind and i.scope = v_after and i.value = d.value)
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_business_id(crm.channel_accounts, crm.channel_accounts) is
  'How many ids of people who wrote to the account, up to 1,000, are known in other scopes than the new business''s.

update_channel_account refuses such a change.';
