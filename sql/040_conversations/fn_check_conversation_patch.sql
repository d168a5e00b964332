create function crm_private.check_conversation_patch(p_patch jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_key text;
begin
  if jsonb_typeof(p_patch) is distinct from 'object' or p_patch = '{}' then
    perform crm_private.reject_input('$', 'A patch is a JSON object with at least one key.');
  end if;
  for v_key in
    select k.key from jsonb_object_keys(p_patch) k (key)
    where k.key not in ('status', 'tags_add', 'tags_remove', 'unread_count')
  loop
    perform crm_private.reject_input('$.' || v_key, 'A patch has status, tags_add, tags_remove and unread_count.');
  end loop;
  if p_patch ? 'status' and coalesce(p_patch ->> 'status', '') not in ('open', 'pending', 'closed') then
    perform crm_private.reject_input('$.status', 'A status is open, pending or closed.');
  end if;
  if p_patch ? 'unread_count'
    and (jsonb_typeof(p_patch -> 'unread_count') <> 'number' or p_patch ->> 'unread_count' !~ '^[0-9]{1,9}$') then
    perform crm_private.reject_input('$.unread_count', 'unread_count is a whole number from 0.');
  end if;
  foreach v_key in array array['tags_add', 'tags_remove'] loop
    if p_patch ? v_key then
      if jsonb_typeof(p_patch -> v_key) <> 'array' then
        perform crm_private.reject_input('$.' || v_key, 'Tags are an array of text.');
      elsif exists (
        select from jsonb_array_elements(p_patch -> v_key) t (tag)
        where jsonb_typeof(t.tag) <> 'string' or length(btrim(t.tag #>> '{}')) not between 1 and 100) then
        perform crm_private.reject_input('$.' || v_key, 'A tag is 1 to 100 characters.');
      end if;
    end if;
  end loop;
end;
$$;
comment on function crm_private.check_conversation_patch(jsonb) is
  'Returns when update_conversation can apply the patch. PT400 invalid_input with the path otherwise.';
