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
  -- Several words for one field are there only where several items are of one contact.
  v_one_word_each boolean := (
    select count(*) = count(distinct p_contact_ids[i.ordinal])
    from unnest(p_items) i where p_contact_ids[i.ordinal] is not null);
begin
  -- The order of fields (field_wins) decides who a field belongs to, so a replay finds nothing to win.
  return (
    with items as materialized (
      select i.ordinal, p_contact_ids[i.ordinal] as contact_id, i.source_time as at, i.delivery,
        jsonb_build_object('source', p_sync_source, 'at', i.source_time, 'delivery', i.delivery) as source
      from unnest(p_items) i
    ), incoming as not materialized (
      select i.*, f.field, f.value, false as is_identification
      from crm_private.item_fields(p_items) f
      join items i on i.ordinal = f.ordinal
      where i.contact_id is not null
      union all
      -- Each identification is a field of its own: its value never changes, so what counts is when it was named last.
      select i.*, 'identification.' || d.value, to_jsonb(d.value), true
      from unnest(p_identifications) d
      join items i on i.ordinal = d.ordinal
      where i.contact_id is not null
    ), best as (
      -- Not materialized: exactly one of the two branches runs.
      select n.* from incoming n where v_one_word_each
      union all
      select i.*, w.field, (w.word).value, w.is_identification
      from (
        select n.field, n.is_identification, crm_private.last_word(array_agg(
          row(n.ordinal, p_sync_source, n.at, n.value, n.delivery)::crm_private.field_word)) as word
        from incoming n
        where not v_one_word_each
        group by n.contact_id, n.field, n.is_identification
      ) w
      join items i on i.ordinal = (w.word).ordinal
    ), known as materialized (
      -- Joined with nothing, the two are unpacked once and not once for each of their fields.
      select c.*, c.custom_attributes || '{}' as attributes, c.field_sources || '{}' as sources
      from (select distinct i.contact_id from items i where i.contact_id is not null) i
      cross join lateral (
        select x.* from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    ), judged as materialized (
      select b.ordinal, b.field, b.value, b.source, b.is_identification,
        case
          when b.field like 'custom\_attributes.%' then substr(b.field, length('custom_attributes.') + 1)
        end as custom,
        v.value is null or crm_private.field_wins(p_sync_source, b.at, b.value, b.delivery,
          coalesce(c.sources -> b.field ->> 'source', c.sync_source), (c.sources -> b.field ->> 'at')::timestamptz,
          v.value, c.sources -> b.field ->> 'delivery') as wins,
        v.value is distinct from b.value as differs,
        b.is_identification and c.id is not null and to_jsonb(c.identification) is distinct from b.value as corrects
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
          else case
            when b.is_identification then case when c.sources ? b.field then b.value end
            else c.attributes -> substr(b.field, length('custom_attributes.') + 1)
          end
        end as value
        offset 0
      ) v
    ), said as (
      select j.ordinal,
        jsonb_object_agg(j.field, j.value)
          filter (where j.wins and j.custom is null and not j.is_identification) as columns,
        jsonb_object_agg(j.custom, j.value) filter (where j.wins and j.custom is not null) as custom,
        jsonb_object_agg(j.field, j.source) filter (where j.wins) as sources,
        bool_or(j.wins and j.differs) filter (where not j.is_identification) as updates,
        bool_and(not j.wins) filter (where not j.is_identification)
          and bool_or(j.differs) filter (where not j.is_identification) as is_stale,
        bool_or(j.corrects) filter (where j.wins) as corrects
      from judged j
      group by j.ordinal
    )
    select array_agg(
      row(i.ordinal, i.contact_id, i.at, s.columns, s.custom, s.sources, s.updates, s.is_stale,
        s.corrects)::crm_private.contact_change order by i.ordinal)
    from items i
    left join said s on s.ordinal = i.ordinal
  );
end;
$$;
comment on function crm_private.contact_changes(
  uuid, text, crm_private.inbound_item[], uuid[], crm_private.item_identity[]
) is
  'What the items change about their contacts (p_contact_ids by ordinal), one element per item, in order: the best word
for each field, held against what is there, and when each of their identifications (p_identifications) was named last. A
contact without a row yet has no fields.';
