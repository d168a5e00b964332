create function crm.sync_cursor(p_workspace_id uuid, p_resource text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select s.cursor from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = p_resource
  );
end;
$$;
comment on function crm.sync_cursor(uuid, text) is
  'Where the next run over the resource resumes.

Null when there was no run. Of a B2Chat export: {contacts, chats}, each as land_raw_records got it.';
