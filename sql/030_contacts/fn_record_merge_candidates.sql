create function crm_private.record_merge_candidates(
  p_workspace_id uuid,
  p_ordinal int,
  p_identities crm_private.item_identity[],
  p_contact_id uuid
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence)
  select p_workspace_id, least(p_contact_id, i.contact_id), greatest(p_contact_id, i.contact_id),
    jsonb_build_object('identities', jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
      order by i.kind, i.scope, i.value))
  from unnest(p_identities) d
  cross join lateral (
    select x.contact_id, x.kind, x.scope, x.value
    from crm.contact_identities x
    where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
    offset 0
  ) i
  where d.ordinal = p_ordinal and i.contact_id <> p_contact_id
  group by i.contact_id
  order by 2, 3
  on conflict (workspace_id, contact_a_id, contact_b_id) do nothing;
end;
$$;
comment on function crm_private.record_merge_candidates(uuid, int, crm_private.item_identity[], uuid) is
  'Makes the contact and whoever else owns one of the item''s identities a merge candidate, once per pair, with those
identities as evidence.';
