create function crm_private.item_identities(p_account crm.channel_accounts, p_items crm_private.inbound_item[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with canonical as materialized (
      select g.ordinal, g.kind, g.is_previous,
        case
          when crm_private.kind_scopes() ? g.kind then crm_private.identity_scope(g.kind, g.scope, p_account)
          else ''
        end as scope,
        case crm_private.kind_forms() ->> g.kind
          when 'trimmed' then nullif(btrim(g.value), '')
          when 'e164' then crm_private.canonical_identity_value(g.kind, g.value,
            (select w.default_country from crm.workspaces w where w.id = p_account.workspace_id))
          else crm_private.canonical_identity_value(g.kind, g.value, null)
        end as value
      from crm_private.given_identities(p_items) g
    ), blocked as materialized (
      -- One expression per kind: matching each value against each pattern costs as many times more.
      select k.kind, '^(?:' || string_agg(b.pattern, '|') || ')$' as pattern
      from (select distinct c.kind from canonical c) k
      join crm.blocked_identity_values b on b.kind in ('*', k.kind)
        and (b.workspace_id is null or b.workspace_id = p_account.workspace_id)
      group by k.kind
    ), usable as materialized (
      select distinct on (c.ordinal, c.kind collate "C", c.scope collate "C", c.value collate "C") c.*
      from canonical c
      left join blocked b on b.kind = c.kind
      where c.value is not null
        and (b.pattern is null or c.value !~* b.pattern)
      order by c.ordinal, c.kind collate "C", c.scope collate "C", c.value collate "C", c.is_previous
    ), looked_up as (
      select u.ordinal, u.kind, u.scope, u.value, u.is_previous, false as is_variant from usable u
      union all
      select u.ordinal, u.kind, u.scope, v.value, u.is_previous, true
      from usable u
      cross join lateral unnest(crm_private.phone_variants(u.value)) v (value)
      where crm_private.kind_forms() ->> u.kind = 'e164'
        and u.value ~ '^[+]5[245]' -- Mexico's, Argentina's, Brazil's: no others have any.
        and not exists (select from usable x where x.ordinal = u.ordinal and x.kind = u.kind and x.value = v.value)
    )
    select coalesce(array_agg(row(
        u.ordinal, u.kind, u.scope, u.value,
        array_position(crm_private.kind_names(), u.kind), u.is_previous, u.is_variant
      )::crm_private.item_identity order by u.kind collate "C", u.scope collate "C", u.value collate "C", u.ordinal),
      '{}')
    from looked_up u
  );
end;
$$;
comment on function crm_private.item_identities(crm.channel_accounts, crm_private.inbound_item[]) is
  'The usable identities of all items: values in canonical form, with their scope, blocked ones dropped.

Phone numbers are there in each of their variants. Sorted, so that every caller locks in one order.';
