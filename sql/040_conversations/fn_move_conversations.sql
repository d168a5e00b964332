create function crm_private.move_conversations(p_merge crm.contact_merges)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_moved jsonb;
begin
  perform from crm.conversations v where v.contact_id = p_merge.duplicate_id order by v.id for no key update;
  with moved as (
    update crm.conversations v set contact_id = p_merge.survivor_id
    where v.contact_id = p_merge.duplicate_id
    returning v.id
  )
  select coalesce(jsonb_agg(m.id order by m.id), '[]') into v_moved from moved m;

  update crm.contact_interaction_events e set contact_id = p_merge.survivor_id
  where e.contact_id = p_merge.duplicate_id;
  return v_moved;
end;
$$;
comment on function crm_private.move_conversations(crm.contact_merges) is
  'Gives the duplicate''s conversations and their events to the survivor. Returns the conversations'' ids.

An event belongs to its conversation''s contact, so events need no list. The caller has locked both contacts.';
