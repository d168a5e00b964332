create function crm_private.participant_problem(p_participant jsonb)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_list text;
  v_key text;
  v_value jsonb;
  v_index bigint;
begin
  foreach v_list in array array['identities', 'previous_identities'] loop
    continue when not p_participant ? v_list;
    if jsonb_typeof(p_participant -> v_list) <> 'array' then
      return '$.participant.' || v_list;
    end if;
    for v_value, v_index in select e.value, e.ordinality - 1 from jsonb_array_elements(p_participant -> v_list) with ordinality e loop
      if jsonb_typeof(v_value) <> 'object'
        or coalesce(v_value ->> 'kind', '') not in ('psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email') then
        return format('$.participant.%s[%s].kind', v_list, v_index);
      end if;
      if jsonb_typeof(v_value -> 'value') is distinct from 'string' or length(v_value ->> 'value') > 256 then
        return format('$.participant.%s[%s].value', v_list, v_index);
      end if;
      if v_value ? 'scope' and (jsonb_typeof(v_value -> 'scope') <> 'string' or length(v_value ->> 'scope') > 256) then
        return format('$.participant.%s[%s].scope', v_list, v_index);
      end if;
    end loop;
  end loop;

  for v_key, v_value in select e.key, e.value from jsonb_each(p_participant) e where e.key not in ('identities', 'previous_identities') loop
    continue when jsonb_typeof(v_value) = 'null';
    if v_key = any (crm_private.contact_text_fields()) then
      if jsonb_typeof(v_value) not in ('string', 'number') or length(v_value #>> '{}') > 4000 then
        return '$.participant.' || v_key;
      end if;
    elsif v_key = 'tags' then
      if jsonb_typeof(v_value) <> 'array' then
        return '$.participant.tags';
      end if;
    elsif v_key = 'custom_attributes' then
      if jsonb_typeof(v_value) <> 'object' then
        return '$.participant.custom_attributes';
      end if;
    elsif v_key in ('source_created_at', 'source_updated_at') then
      if crm_private.event_time(v_value #>> '{}') is null then
        return '$.participant.' || v_key;
      end if;
    end if;
  end loop;

  if octet_length(p_participant::text) > 262144 then
    return '$.participant';
  end if;
  return null;
end;
$$;
comment on function crm_private.participant_problem(jsonb) is
  'The JSON path of the first thing wrong with a participant (a wrong type, an unknown identity kind, more than 256 kB), or null. Unknown fields are ignored.';
