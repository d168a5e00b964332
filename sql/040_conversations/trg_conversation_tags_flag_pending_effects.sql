create function crm_private.flag_pending_effects()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set has_pending_effects = true
  where v.workspace_id = new.workspace_id and v.id = new.conversation_id and not v.has_pending_effects;
  return null;
end;
$$;
comment on function crm_private.flag_pending_effects() is
  'Trigger: a tag that the AI set gives the conversation''s next inbound message something to follow up.';

create trigger flag_pending_effects
after insert or update on crm.conversation_tags
for each row when (new.set_by = 'ai')
execute function crm_private.flag_pending_effects();
