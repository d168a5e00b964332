create function crm_private.source_rank(p_sync_source text)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case p_sync_source when 'chat_embedded' then 1 else 2 end;
end;
$$;
comment on function crm_private.source_rank(text) is
  'How much a source''s word on a contact''s field weighs: the Contacts API always outweighs a chat.';
