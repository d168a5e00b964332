-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_conversation(
  p_conversation_id uuid,
  p_expected_version bigint,
  p_patch jsonb,
  p_workspace_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_version bigint;
begin
  select v.workspace_id into v_workspace_id
  from crm.conversations v
  where v.id = p_conversation_id and v.workspace_id = coalesce(p_workspace_id, v.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null then
    perform crm_private.raise_not_found('conversation', 'There is no such conversation.',
      'It may have been merged into an older one: look it up by its contact.');
  end if;
  perform crm_private.check_conversation_patch(p_patch);

  select v.version into v_version
  from crm.conversations v
  where v.workspace_id = v_workspace_id and v.id = p_conversation_id
  for no key update;
  if v_version is distinct from p_expected_version then
    raise exception using errcode = 'PT409', message = 'The conversation has changed since you read it.',
      detail = jsonb_build_object('code', 'version_conflict', 'version', v_version)::text,
      hint = 'Read it again and decide anew.';
  end if;

  delete from crm.conversation_tags t
  where t.workspace_id = v_workspace_id and t.conversation_id = p_conversation_id
    and t.tag in (select btrim(r.tag) from jsonb_array_elements_text(coalesce(p_patch -> 'tags_remove', '[]')) r (tag));

  insert into crm.conversation_tags as t (workspace_id, conversation_id, tag, set_by)
  select distinct v_workspace_id, p_conversation_id, btrim(a.tag), 'human'
  from jsonb_array_elements_text(coalesce(p_patch -> 'tags_add', '[]')) a (tag)
  on conflict (workspace_id, conversation_id, tag) do update set set_by = 'human', set_at = excluded.set_at
  where t.set_by <> 'human';

  update crm.conversations v set
    status = coalesce(p_patch ->> 'status', v.status),
    status_changed_at = case when p_patch ->> 'status' <> v.status then clock_timestamp() else v.status_changed_at end,
    unread_count = coalesce((p_patch ->> 'unread_count')::int, v.unread_count)
  where v.workspace_id = v_workspace_id and v.id = p_conversation_id
  returning v.version into v_version;
  return v_version;
end;
$$;
comment on function crm.update_conversation(uuid, bigint, jsonb, uuid) is
  'Changes a conversation if it still has the expected version, and returns the new version. For agents.

Patch keys: status (open, pending, closed), tags_add, tags_remove (arrays of text), unread_count.

PT400 invalid_input, PT401, PT403, PT404 not_found, PT409 version_conflict with the current version in detail.';
