-- Security definer: one check for all it reads; the first act is the membership check.
create function crm.explain_contact(p_contact_id uuid, p_workspace_id uuid default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_contact crm.contacts;
begin
  select c.workspace_id into v_workspace_id
  from crm.contacts c
  where c.id = p_contact_id and c.workspace_id = coalesce(p_workspace_id, c.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'viewer');
  if v_workspace_id is null then
    perform crm_private.raise_not_found('contact', 'There is no such contact.', 'Look up the id again.');
  end if;

  select c.* into v_contact from crm.contacts c where c.workspace_id = v_workspace_id and c.id = p_contact_id;
  return jsonb_build_object(
    'contact_id', p_contact_id,
    'merged_into_id', v_contact.merged_into_id,
    'identities', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value, 'rule', i.rule,
        'source', i.source,
        'delivery', i.delivery, 'first_seen_at', i.first_seen_at, 'is_previous', i.is_previous, 'merge_id', (
          -- The latest merge that brought the identity here.
          select m.id from crm.contact_merges m
          where m.survivor_id = p_contact_id and m.undone_at is null
            and m.moved -> 'identities' @> jsonb_build_array(jsonb_build_object('kind', i.kind, 'scope', i.scope,
              'value', i.value))
          order by m.merged_at desc
          limit 1)
        ) order by i.first_seen_at, i.kind, i.scope, i.value), '[]')
      from crm.contact_identities i
      where i.contact_id = p_contact_id),
    'fields', (
      select coalesce(jsonb_object_agg(f.field,
        jsonb_build_object('value', f.value) || crm_private.field_source(v_contact, f.field)), '{}')
      from (
        select f.field, to_jsonb(v_contact) -> f.field as value
        from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
        union all
        select 'custom_attributes.' || a.key, a.value from jsonb_each(v_contact.custom_attributes) a
      ) f
      where f.value not in ('null', '[]') or v_contact.field_sources ? f.field),
    'merges', (
      select coalesce(jsonb_agg(jsonb_build_object('merge_id', m.id, 'role', m.role,
        'other_contact_id', m.other_contact_id, 'reason', m.reason,
        'merged_by', m.merged_by, 'merged_at', m.merged_at, 'undone_at', m.undone_at) order by m.merged_at, m.id), '[]')
      from (
        select s.*, 'survivor' as role, s.duplicate_id as other_contact_id
        from crm.contact_merges s where s.survivor_id = p_contact_id
        union all
        select d.*, 'duplicate', d.survivor_id from crm.contact_merges d where d.duplicate_id = p_contact_id
      ) m),
    'candidates', (
      select coalesce(jsonb_agg(jsonb_build_object('candidate_id', m.id,
        'other_contact_id', case when m.contact_a_id = p_contact_id then m.contact_b_id else m.contact_a_id end,
        'status', m.status, 'evidence', m.evidence, 'created_at', m.created_at, 'decided_at', m.decided_at)
        order by m.created_at, m.id), '[]')
      from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and (m.contact_a_id = p_contact_id or m.contact_b_id = p_contact_id)));
end;
$$;
comment on function crm.explain_contact(uuid, uuid) is
  'Why a contact is as it is: where its identities and fields came from, its merges and candidates. For viewers.

{contact_id, merged_into_id,
identities: [{kind, scope, value, rule, source, delivery, first_seen_at, is_previous, merge_id}],
fields: {field: {value, source, at, delivery}},
merges: [{merge_id, role (survivor or duplicate), other_contact_id, reason, merged_by, merged_at, undone_at}],
candidates: [{candidate_id, other_contact_id, status, evidence, created_at, decided_at}]}.
merge_id of an identity is the merge that brought it. wa_id, identification and phone_normalized follow from identities
and fields.

PT401, PT403, PT404 not_found.';
