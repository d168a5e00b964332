create function crm_private.raw_record_id(p_entity text, p_record jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_id jsonb := p_record -> case p_entity when 'contacts' then 'contact_id' else 'chat_id' end;
  v_text text := v_id #>> '{}';
begin
  return case jsonb_typeof(v_id)
    when 'string' then case when btrim(v_text) <> '' and length(v_text) <= 256 then v_text end
    when 'number' then case when v_text ~ '^[0-9]{1,18}$' then v_text end
  end;
end;
$$;
comment on function crm_private.raw_record_id(text, jsonb) is
  'The id that B2Chat gives a contact or a chat: a text or a whole number.

Returns null when the id cannot be used.';
