create function crm_private.contact_changes(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[],
  p_identifications crm_private.item_identity[]
)
returns crm_private.contact_change[]
language plpgsql
stable
set search_path = ''
-- Look-ups have no other way than a loop; the join of what they found with the fields has.
set enable_nestloop = off
as $$
declare
  v_rank int := crm_private.source_rank(p_sync_source);
  -- Several words for one field are there only where several items are of one contact.
  v_one_word_each boolean := (
    select count(*) = count(distinct p_contact_ids[i.ordinal]) from unnest(p_items) i where p_contact_ids[i.ordinal] is not null);
begin
  -- A field belongs to whoever comes last in the order (source's rank, source's time, value, delivery). That is a total order
  -- (1 and "1" read alike, so their JSON counts too), so the winner does not depend on the order of arrival, and a replay finds nothing to win.
  return (
    with items as materialized (
      select i.ordinal, p_contact_ids[i.ordinal] as contact_id, i.source_time as at, i.delivery,
        jsonb_build_object('source', p_sync_source, 'at', i.source_time, 'delivery', i.delivery) as source
      from unnest(p_items) i
    ), incoming as not materialized (
      select i.*, f.field, f.value, f.value #>> '{}' as text
      from crm_private.item_fields(p_items) f
      join items i on i.ordinal = f.ordinal
      where i.contact_id is not null
    ), best as (
      -- Kept nowhere: of the two, one is never asked for.
      select n.* from incoming n where v_one_word_each
      union all
      (select distinct on (n.contact_id, n.field collate "C") n.*
      from incoming n
      where not v_one_word_each
      order by n.contact_id, n.field collate "C", n.at desc nulls last, n.text collate "C" desc, n.value::text collate "C" desc, n.delivery collate "C" desc)
    ), known as materialized (
      -- Joined with nothing, the two are unpacked once and not once for each of their fields.
      select c.*, c.custom_attributes || '{}' as attributes, c.field_sources || '{}' as sources
      from (select distinct i.contact_id from items i where i.contact_id is not null) i
      cross join lateral (
        select x.* from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    ), judged as materialized (
      select b.ordinal, b.field, b.value, b.source,
        case when b.field like 'custom\_attributes.%' then substr(b.field, length('custom_attributes.') + 1) end as custom,
        v.value is null
          or row(v_rank, coalesce(b.at, '-infinity'), b.text collate "C", b.value::text collate "C", b.delivery collate "C")
            > row(crm_private.source_rank(coalesce(c.sources -> b.field ->> 'source', c.sync_source)),
              coalesce((c.sources -> b.field ->> 'at')::timestamptz, '-infinity'),
              v.value #>> '{}' collate "C",
              v.value::text collate "C",
              coalesce(c.sources -> b.field ->> 'delivery', '') collate "C") as wins,
        v.value is distinct from b.value as differs
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
    ), said as (
      select j.ordinal,
        jsonb_object_agg(j.field, j.value) filter (where j.wins and j.custom is null) as columns,
        jsonb_object_agg(j.custom, j.value) filter (where j.wins and j.custom is not null) as custom,
        jsonb_object_agg(j.field, j.source) filter (where j.wins) as sources,
        bool_or(j.wins and j.differs) as updates,
        bool_and(not j.wins) and bool_or(j.differs) as is_stale
      from judged j
      group by j.ordinal
    ), named as (
      select distinct on (i.contact_id, d.value collate "C") i.*, d.value as identification, 'identification.' || d.value as field
      from unnest(p_identifications) d
      join items i on i.ordinal = d.ordinal
      where i.contact_id is not null
      order by i.contact_id, d.value collate "C", i.at desc nulls last, i.delivery collate "C" desc
    ), identified as (
      -- Each identification has a time of its own: the last of them counts.
      select n.ordinal, jsonb_object_agg(n.field, n.source) as sources, bool_or(c.id is not null and c.identification is distinct from n.identification) as corrects
      from named n
      left join known c on c.id = n.contact_id
      where c.sources -> n.field is null
        or row(v_rank, coalesce(n.at, '-infinity'), n.delivery collate "C")
          > row(crm_private.source_rank(c.sources -> n.field ->> 'source'),
            coalesce((c.sources -> n.field ->> 'at')::timestamptz, '-infinity'),
            coalesce(c.sources -> n.field ->> 'delivery', '') collate "C")
      group by n.ordinal
    )
    select array_agg(
      row(i.ordinal, i.contact_id, i.at, s.columns, s.custom, case when n.ordinal is null then s.sources else coalesce(s.sources, '{}') || n.sources end,
        s.updates, s.is_stale, n.corrects)::crm_private.contact_change order by i.ordinal)
    from items i
    left join said s on s.ordinal = i.ordinal
    left join identified n on n.ordinal = i.ordinal
  );
end;
$$;
comment on function crm_private.contact_changes(uuid, text, crm_private.inbound_item[], uuid[], crm_private.item_identity[]) is
  'What the items change about their contacts (p_contact_ids by ordinal), one element per item, in order: the best word for each field, held against what is there, and when each of their identifications (p_identifications) was named last. A contact without a row yet has no fields.';
