create function crm_private.parse_events(p_items jsonb, p_now timestamptz)
returns crm_private.inbound_event[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with read as (
      select
        i.ordinal::int as ordinal,
        (e.index - 1)::int as index,
        e.event,
        jsonb_typeof(e.event) = 'object' as is_object,
        r.type,
        r.provider_message_id,
        case when r.type in ('read', 'delivery') then crm_private.event_time(r.payload ->> 'watermark') end as watermark,
        r.occurred_at as raw_time,
        crm_private.event_time(r.occurred_at) as occurred_at,
        r.direction, r.text, r.attachments, r.reply_to, r.status, r.error, r.is_history, r.payload
      from jsonb_array_elements(p_items) with ordinality i (item, ordinal)
      cross join lateral jsonb_array_elements(
        case when jsonb_typeof(i.item -> 'events') = 'array' then i.item -> 'events' else '[]' end) with ordinality e (event, index)
      cross join lateral jsonb_to_record(case when jsonb_typeof(e.event) = 'object' then e.event else '{}' end) as r (
        type text, provider_message_id text, occurred_at text, direction text, text jsonb, attachments jsonb, reply_to text,
        status text, error jsonb, is_history jsonb, payload jsonb)
    ), timed as (
      select r.*, coalesce(r.occurred_at, case when r.raw_time is null then r.watermark end) as at from read r
    ), checked as (
      select t.*,
        case
          when not t.is_object then ''
          when coalesce(t.type, '') !~ '^[a-z][a-z0-9_]{0,39}$' then '.type'
          when t.at is null or t.at < '2004-01-01 00:00:00+00' or t.at > p_now + interval '24 hours' then '.occurred_at'
          when t.provider_message_id = '' or length(t.provider_message_id) > 512
            or (t.provider_message_id is null and t.type in ('message', 'status', 'edit', 'unsend')) then '.provider_message_id'
          when jsonb_typeof(t.payload) not in ('object', 'null') then '.payload'
          when t.type = 'message' then
            case
              when coalesce(t.direction, '') not in ('inbound', 'outbound') then '.direction'
              when jsonb_typeof(t.text) not in ('string', 'null') then '.text'
              when jsonb_typeof(t.attachments) not in ('array', 'null') then '.attachments'
              when jsonb_typeof(t.is_history) not in ('boolean', 'null') then '.is_history'
              when length(t.reply_to) > 512 then '.reply_to'
            end
          when t.type = 'status' then
            case when coalesce(t.status, '') not in ('sent', 'delivered', 'read', 'failed') then '.status' end
          when t.type in ('read', 'delivery') then
            case when t.watermark is null then '.payload.watermark' end
          when t.type = 'edit' then
            case
              when jsonb_typeof(t.payload -> 'text') is distinct from 'string' then '.payload.text'
              when t.payload ? 'num_edit' and coalesce(t.payload ->> 'num_edit', '') !~ '^[0-9]{1,18}$' then '.payload.num_edit'
            end
        end as problem_path
      from timed t
    ), shaped as (
      select c.*,
        (extract(epoch from c.at) * 1000)::bigint as at_ms,
        coalesce(nullif(c.payload, 'null'), '{}')
          || case when c.type = 'status' and jsonb_typeof(c.error) = 'object' then jsonb_build_object('error', c.error) else '{}' end as body_payload
      from checked c
    )
    select coalesce(array_agg(row(
        s.ordinal, s.index, s.type,
        case
          when s.problem_path is not null then null
          when s.type = 'message' then 'message:' || s.provider_message_id
          when s.type = 'status' then 'status:' || s.provider_message_id || ':' || s.status
          when s.type = 'edit' then 'edit:' || s.provider_message_id || ':' || coalesce(s.payload ->> 'num_edit', s.at_ms::text)
          else s.type || ':' || coalesce(s.provider_message_id, '') || ':' || s.at_ms || ':'
            || encode(sha256(convert_to(s.body_payload::text, 'UTF8')), 'hex')
        end,
        s.provider_message_id, s.at, s.direction, s.text #>> '{}', coalesce(nullif(s.attachments, 'null'), '[]'), s.reply_to, s.status,
        case when s.type = 'edit' and s.problem_path is null then coalesce((s.payload ->> 'num_edit')::bigint, s.at_ms) end,
        s.watermark,
        coalesce(s.is_history = 'true', false),
        s.body_payload,
        case
          when s.problem_path is null then null
          when s.problem_path = '.occurred_at' and s.at < '2004-01-01 00:00:00+00' then 'time_before_2004'
          when s.problem_path = '.occurred_at' and s.at is not null then 'time_in_future'
          else 'invalid_event'
        end,
        '$.events[' || s.index || ']' || s.problem_path
      )::crm_private.inbound_event order by s.ordinal, s.index), '{}')
    from shaped s
  );
end;
$$;
comment on function crm_private.parse_events(jsonb, timestamptz) is
  'The events of all items as rows, in order, each with its key, or with what is wrong with it: a time before 2004 or more than 24 hours after p_now, a missing message id, a wrong type.';
