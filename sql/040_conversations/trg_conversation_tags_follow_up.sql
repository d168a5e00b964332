create function crm_private.note_ai_tag()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set follow_up = true
  where v.workspace_id = new.workspace_id and v.id = new.conversation_id and not v.follow_up;
  return null;
end;
$$;
comment on function crm_private.note_ai_tag() is 'Trigger: a tag that the AI set gives the conversation''s next inbound message something to follow up.';

create trigger follow_up
after insert or update on crm.conversation_tags
for each row when (new.set_by = 'ai')
execute function crm_private.note_ai_tag();
