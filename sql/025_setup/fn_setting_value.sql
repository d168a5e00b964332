create function crm_private.setting_value(p_path text, p_type text, p_value jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_text text := case when jsonb_typeof(p_value) = 'string' then btrim(p_value #>> '{}', U&' \0009\000A\000D\00A0') end;
begin
  case p_type
    when 'boolean' then
      if jsonb_typeof(p_value) <> 'boolean' then
        perform crm_private.reject_input(p_path, 'The value is true or false, without quotes.');
      end if;
      return p_value;
    when 'text' then
      -- A number of more than 15 digits is another one by the time it arrives.
      if v_text is null or length(v_text) not between 1 and 256 then
        perform crm_private.reject_input(p_path, 'The value is a text of 1 to 256 characters. Null removes a setting.');
      end if;
    when 'date' then
      begin
        if v_text is null or v_text !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or v_text::date is null then
          perform crm_private.reject_input(p_path, 'The value is a day, such as "2026-01-31".');
        end if;
      exception when data_exception then
        perform crm_private.reject_input(p_path, 'There is no such day. A day is written as in "2026-01-31".');
      end;
    when 'time_zone' then
      v_text := crm_private.time_zone_name(v_text);
      if v_text is null then
        perform crm_private.reject_input(p_path, 'The value is the name of a time zone, such as "America/Bogota".');
      end if;
  end case;
  return to_jsonb(v_text);
end;
$$;
comment on function crm_private.setting_value(text, text, jsonb) is
  'The value as a setting of this type keeps it: texts without blanks around them, time zones as the server spells them.

p_type: one of those that settings() describes. PT400 invalid_input with the path, when it is no such value.';
