create function crm_private.read_b2chat_messages(
  p_chat_id text,
  p_messages jsonb,
  p_time_zone text,
  p_connected_at timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with read as (
      select m.index, m.message, crm_private.zoned_time(m.message ->> 'created_at', p_time_zone) as at,
        m.message ->> 'created_at' as created_at, m.message -> 'incoming' as incoming, m.message ->> 'type' as type,
        m.message ->> 'body' as body, nullif(btrim(m.message ->> 'caption'), '') as caption,
        coalesce(nullif(btrim(m.message ->> 'type'), ''), 'TEXT') <> 'TEXT' as is_media
      from jsonb_array_elements(nullif(p_messages, 'null')) with ordinality m (message, index)
    ), numbered as (
      -- B2Chat gives messages no id. This one is the same in every export. n tells equal messages apart.
      select r.*, r.is_media and r.body ~* '^https?://' as is_link,
        row_number() over (partition by r.created_at, r.incoming, r.type, r.body order by r.index) as n
      from read r
    )
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'type', 'message',
        'direction', case when r.incoming = 'true' then 'inbound' else 'outbound' end,
        'provider_message_id', 'b2chat:' || encode(sha256(convert_to(
          jsonb_build_array(p_chat_id, r.created_at, r.incoming, r.type, r.body, r.n)::text, 'UTF8')), 'hex'),
        'occurred_at', to_char(timezone('UTC', r.at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'text', coalesce(
          case when r.is_media then r.caption end, case when not r.is_link then nullif(btrim(r.body), '') end),
        'attachments', case when r.is_media then jsonb_build_array(
          jsonb_build_object(
            'type', lower(btrim(r.type)), 'url', case when r.is_link then r.body end, 'caption', r.caption)
            || coalesce(nullif(r.message -> 'location', 'null'), '{}')) end,
        'is_history', case when r.at < p_connected_at then true end,
        'payload', case when r.message -> 'broadcasted' = 'true' then '{"broadcasted": true}'::jsonb end
      )) order by r.index), '[]')
    from numbered r
  );
end;
$$;
comment on function crm_private.read_b2chat_messages(text, jsonb, text, timestamptz) is
  'The messages of a B2Chat chat as events, in order.

Messages from before p_connected_at, when the account was connected, are history.
The caller has checked the types: b2chat_message_problem.';
