create function crm_private.item_identities(p_account crm.channel_accounts, p_items crm_private.inbound_item[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with given as (
      select i.ordinal, x.kind, x.scope, x.value, x.is_previous
      from unnest(p_items) i
      cross join lateral (
        select e.value ->> 'kind' as kind, e.value ->> 'scope' as scope, e.value ->> 'value' as value, false as is_previous
        from jsonb_array_elements(coalesce(nullif(i.participant -> 'identities', 'null'), '[]')) e
        union all
        select e.value ->> 'kind', e.value ->> 'scope', e.value ->> 'value', true
        from jsonb_array_elements(coalesce(nullif(i.participant -> 'previous_identities', 'null'), '[]')) e
      ) x
      where i.problem is null and i.participant is not null
    ), canonical as materialized (
      select g.ordinal, g.kind, g.is_previous,
        case g.kind
          when 'psid' then coalesce(g.scope, p_account.external_id, '')
          when 'bsuid' then coalesce(p_account.settings ->> 'business_id', g.scope, p_account.external_id, '')
          when 'b2chat_id' then coalesce(g.scope, 'chats:' || p_account.external_id, '')
          else ''
        end as scope,
        crm_private.canonical_identity_value(g.kind, g.value) as value
      from given g
    ), blocked as materialized (
      -- One expression per kind: matching each value against each pattern costs as many times more.
      select k.kind, '^(?:' || string_agg(b.pattern, '|') || ')$' as pattern
      from (select distinct c.kind from canonical c) k
      join crm.blocked_identity_values b on b.kind in ('*', k.kind) and (b.workspace_id is null or b.workspace_id = p_account.workspace_id)
      group by k.kind
    ), usable as (
      select distinct on (c.ordinal, c.kind, c.scope, c.value) c.*
      from canonical c
      left join blocked b on b.kind = c.kind
      where c.value is not null
        and (b.pattern is null or c.value !~* b.pattern)
      order by c.ordinal, c.kind, c.scope, c.value, c.is_previous
    )
    select coalesce(array_agg(row(
        u.ordinal, u.kind, u.scope, u.value,
        array_position(array['psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email'], u.kind),
        u.is_previous
      )::crm_private.item_identity order by u.kind collate "C", u.scope collate "C", u.value collate "C", u.ordinal), '{}')
    from usable u
  );
end;
$$;
comment on function crm_private.item_identities(crm.channel_accounts, crm_private.inbound_item[]) is
  'The usable identities of all items: canonical values, scopes filled in from the channel account (a bsuid''s from its business_id setting), blocked values dropped; sorted, so that whoever locks by them locks in one order.';
