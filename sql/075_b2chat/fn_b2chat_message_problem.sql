create function crm_private.b2chat_message_problem(p_messages jsonb, p_time_zone text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select format('$.messages[%s]%s', m.index - 1, w.wrong)
    from jsonb_array_elements(nullif(p_messages, 'null')) with ordinality m (message, index)
    cross join lateral (
      select case
        when jsonb_typeof(m.message) <> 'object' then ''
        else '.' || coalesce(
          crm_private.first_wrong_type(m.message, '{"body": "string number", "caption": "string number",
            "type": "string", "incoming": "boolean", "broadcasted": "boolean", "created_at": "string",
            "location": "object"}'),
          case when jsonb_typeof(m.message -> 'incoming') is distinct from 'boolean' then 'incoming' end,
          case when crm_private.zoned_time(m.message ->> 'created_at', p_time_zone) is null then 'created_at' end)
      end as wrong
    ) w
    where w.wrong is not null
    order by m.index
    limit 1
  );
end;
$$;
comment on function crm_private.b2chat_message_problem(jsonb, text) is
  'Finds the first message value of a B2Chat chat that has a wrong type.

A missing direction or time is wrong too. Returns its JSON path from the chat, null when all are right.';
