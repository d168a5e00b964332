create function crm_private.lock_phone_variants(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  p_unowned crm_private.item_identity[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_lock bigint;
begin
  if not exists (select from unnest(p_identities) d where d.is_variant) then
    return;
  end if;
  for v_lock in
    select distinct hashtextextended(p_workspace_id || least(u.value, v.value), 0)
    from unnest(p_unowned) u
    cross join lateral unnest(crm_private.phone_variants(u.value)) v (value)
    where crm_private.kind_forms() ->> u.kind = 'e164'
    order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
end;
$$;
comment on function crm_private.lock_phone_variants(uuid, crm_private.item_identity[], crm_private.item_identity[]) is
  'Lets only one transaction at a time claim a phone number that can be written in two ways: the two are different
identities, so the primary key alone would give one person two contacts.';
