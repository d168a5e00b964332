create function crm_private.field_source(p_contact crm.contacts, p_field text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(p_contact.field_sources -> p_field, jsonb_build_object(
    'source', case p_contact.sync_source when 'chat_embedded' then 'chat_embedded' else 'contacts_api' end, 'at', null,
    'delivery', null));
end;
$$;
comment on function crm_private.field_source(crm.contacts, text) is
  'Who wrote the contact''s field: {source, at, delivery}. A field without an entry in field_sources counts as the
contact''s own source''s, at an unknown time.';
