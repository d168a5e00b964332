create function crm_private.contact_changes(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[]
)
returns crm_private.field_change[]
language plpgsql
stable
set search_path = ''
-- Look-ups have no other way than a loop; the join of what they found with the fields has.
set enable_nestloop = off
as $$
declare
  v_rank int := crm_private.source_rank(p_sync_source);
begin
  -- A field belongs to whoever comes last in the order (source's rank, source's time, value, delivery). That is a total order
  -- (1 and "1" read alike, so their JSON counts too), so the winner does not depend on the order of arrival, and a replay finds nothing to win.
  return (
    with incoming as (
      select p_contact_ids[f.ordinal] as contact_id, f.ordinal, f.field, f.value, f.value #>> '{}' as text, i.source_time as at, i.delivery
      from crm_private.item_fields(p_items) f
      join unnest(p_items) i on i.ordinal = f.ordinal
      where p_contact_ids[f.ordinal] is not null
    ), best as materialized (
      select distinct on (n.contact_id, n.field collate "C") n.*
      from incoming n
      order by n.contact_id, n.field collate "C", n.at desc nulls last, n.text collate "C" desc, n.value::text collate "C" desc, n.delivery collate "C" desc
    ), known as materialized (
      -- Joined with nothing, the two are unpacked once and not once for each of their fields.
      select c.*, c.custom_attributes || '{}' as attributes, c.field_sources || '{}' as sources
      from (select distinct b.contact_id from best b) i
      cross join lateral (
        select x.* from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    )
    select coalesce(array_agg(row(
        b.contact_id, b.ordinal, b.field, b.value, b.at, b.delivery,
        v.value is null
          or row(v_rank, coalesce(b.at, '-infinity'), b.text collate "C", b.value::text collate "C", b.delivery collate "C")
            > row(crm_private.source_rank(coalesce(c.sources -> b.field ->> 'source', c.sync_source)),
              coalesce((c.sources -> b.field ->> 'at')::timestamptz, '-infinity'),
              v.value #>> '{}' collate "C",
              v.value::text collate "C",
              coalesce(c.sources -> b.field ->> 'delivery', '') collate "C"),
        v.value is distinct from b.value
      )::crm_private.field_change), '{}')
    from best b
    left join known c on c.id = b.contact_id
    cross join lateral (
      -- Field by field: the whole row as jsonb costs as much as everything else here.
      select case b.field
        when 'full_name' then to_jsonb(c.full_name)
        when 'email' then to_jsonb(c.email)
        when 'phone' then to_jsonb(c.phone)
        when 'mobile' then to_jsonb(c.mobile)
        when 'landline' then to_jsonb(c.landline)
        when 'address' then to_jsonb(c.address)
        when 'city' then to_jsonb(c.city)
        when 'country' then to_jsonb(c.country)
        when 'company' then to_jsonb(c.company)
        when 'merchant_id' then to_jsonb(c.merchant_id)
        when 'source_created_at' then to_jsonb(c.source_created_at)
        when 'tags' then nullif(c.tags, '[]')
        else c.attributes -> substr(b.field, length('custom_attributes.') + 1)
      end as value
      offset 0
    ) v
  );
end;
$$;
comment on function crm_private.contact_changes(uuid, text, crm_private.inbound_item[], uuid[]) is
  'What the items say of the fields of their contacts (p_contact_ids by ordinal), the best word for each field, held against what is there. A contact without a row yet has no fields.';
