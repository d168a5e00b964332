create function crm_private.count_ids_under_default_country(p_before crm.workspaces, p_after crm.workspaces)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_prefix text;
begin
  if p_before.default_country = p_after.default_country then
    return 0;
  end if;
  select '+' || p.calling_code into v_prefix from crm_private.phone_plans p where p.country = p_before.default_country;
  return (
    select count(*)
    from (
      select
      from crm.contact_identities i
      -- The fields that gave the number, as they were written; null where none did.
      cross join lateral (
        select bool_or(g.given !~ '^\s*\+' and i.value is distinct from
          crm_private.canonical_identity_value('phone', g.given, p_after.default_country)) as is_read_differently
        from crm.contacts c
        cross join lateral (values (c.mobile), (c.phone)) g (given)
        where c.workspace_id = p_before.id and c.id = i.contact_id and g.given is not null
          and (translate(g.given, ' ()-.', '') = i.value
            or crm_private.canonical_identity_value('phone', g.given, p_before.default_country) = i.value)
      ) f
      where i.workspace_id = p_before.id and i.kind = 'phone' and i.scope = ''
        and coalesce(f.is_read_differently,
          -- Listed among identities: how it was written is not kept, but the number of a wa_id has its country code.
          i.value >= v_prefix and i.value < v_prefix || ':'
          and not exists (
            select from unnest(i.value || crm_private.phone_variants(i.value)) v (value)
            join crm.contact_identities w on w.workspace_id = p_before.id and w.kind = 'wa_id' and w.scope = ''
              and w.value = substr(v.value, 2))
          and i.value is distinct from
            crm.normalize_phone(substr(i.value, length(v_prefix) + 1), p_after.default_country))
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_default_country(crm.workspaces, crm.workspaces) is
  'How many phone numbers, up to 1,000, would be read differently in the new country.

update_workspace refuses such a change. Of a number that no field gave, only its canonical form is kept: one of the old
country
counts, unless it is a wa_id as well.';
