create function crm_private.parse_events(p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
returns crm_private.inbound_event[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    -- The offsets are there so that each expression is computed once and not once per reference.
    with field as (
      select i.ordinal::int as ordinal, (e.index - 1)::int as index, e.event, e.event ->> 'type' as type,
        e.event ->> 'provider_message_id' as provider_message_id, e.event ->> 'occurred_at' as occurred_at,
        e.event ->> 'direction' as direction, e.event -> 'text' as text, e.event -> 'attachments' as attachments,
        e.event ->> 'reply_to' as reply_to, e.event ->> 'status' as status, e.event -> 'error' as error,
        e.event -> 'is_history' as is_history, e.event -> 'payload' as payload
      from jsonb_array_elements(p_items) with ordinality i (item, ordinal)
      cross join lateral jsonb_array_elements(
        case when jsonb_typeof(i.item -> 'events') = 'array' then i.item -> 'events'
          else '[]' end) with ordinality e (event, index)
      offset 0
    ), read as (
      select r.*,
        jsonb_typeof(r.event) = 'object' as is_object,
        case
          -- What arrives most, without a call: milliseconds, and the days that every month has.
          when r.occurred_at ~ '^[1-9][0-9]{10,13}$' then to_timestamp(r.occurred_at::float8 / 1000)
          when r.occurred_at ~ ('^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])'
            'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]0[0-9]:?[0-5][0-9])$')
            then r.occurred_at::timestamptz
          when r.occurred_at is not null then crm_private.event_time(r.occurred_at)
          when r.type in ('read', 'delivery') then crm_private.event_time(r.payload ->> 'watermark')
        end as at,
        case when r.type in ('read', 'delivery') then crm_private.event_time(r.payload ->> 'watermark') end as watermark
      from field r
      offset 0
    ), checked as (
      select r.*,
        case
          when not r.is_object then ''
          when r.type is distinct from 'message' and coalesce(r.type, '') !~ '^[a-z][a-z0-9_]{0,39}$' then '.type'
          when r.at is null or r.at < '2004-01-01 00:00:00+00' or r.at > p_now + interval '24 hours' then '.occurred_at'
          when r.provider_message_id = '' or length(r.provider_message_id) > 512
            or (r.provider_message_id is null
              and r.type in ('message', 'status', 'edit', 'unsend')) then '.provider_message_id'
          when jsonb_typeof(r.payload) not in ('object', 'null') then '.payload'
          when r.type = 'message' then
            case
              when coalesce(r.direction, '') not in ('inbound', 'outbound') then '.direction'
              when jsonb_typeof(r.text) not in ('string', 'null') then '.text'
              when jsonb_typeof(r.attachments) not in ('array', 'null') then '.attachments'
              when jsonb_typeof(r.is_history) not in ('boolean', 'null') then '.is_history'
            end
          when r.type = 'status' then
            case when coalesce(r.status, '') not in ('sent', 'delivered', 'read', 'failed') then '.status' end
          when r.type in ('read', 'delivery') then
            case when r.watermark is null then '.payload.watermark' end
          when r.type = 'edit' then
            case
              when jsonb_typeof(r.payload -> 'text') is distinct from 'string' then '.payload.text'
              when r.payload ? 'num_edit'
                and coalesce(r.payload ->> 'num_edit', '') !~ '^[0-9]{1,18}$' then '.payload.num_edit'
            end
        end as problem_path,
        case
          when r.type = 'status' and jsonb_typeof(r.error) = 'object'
            then coalesce(nullif(r.payload, 'null'), '{}') || jsonb_build_object('error', r.error)
          when r.payload is null or r.payload = 'null' then '{}'
          else r.payload
        end as kept
      from read r
      offset 0
    )
    select coalesce(array_agg(row(
        s.ordinal, s.index, s.type,
        case
          when s.problem_path is not null then null
          when s.type = 'message' then 'message:' || s.provider_message_id
          when s.type = 'status' then 'status:' || s.provider_message_id || ':' || s.status
          when s.type = 'edit' then 'edit:' || s.provider_message_id || ':'
            || coalesce(s.payload ->> 'num_edit', crm_private.epoch_ms(s.at)::text)
          else s.type || ':' || coalesce(s.provider_message_id, '') || ':' || crm_private.epoch_ms(s.at) || ':'
            || encode(sha256(convert_to(s.kept::text, 'UTF8')), 'hex')
        end,
        s.provider_message_id, s.at, s.direction, nullif(s.text #>> '{}', ''),
        case when s.attachments is null or s.attachments = 'null' then '[]' else s.attachments end,
        s.reply_to, s.status,
        case
          when s.type = 'edit'
            and s.problem_path is null then coalesce((s.payload ->> 'num_edit')::bigint, crm_private.epoch_ms(s.at))
        end,
        s.watermark,
        coalesce(s.is_history = 'true' or s.type = 'message' and s.at < p_history_before, false),
        s.kept,
        case
          when s.problem_path is null then null
          when s.problem_path = '.occurred_at' and s.at < '2004-01-01 00:00:00+00' then 'time_before_2004'
          when s.problem_path = '.occurred_at' and s.at is not null then 'time_in_future'
          else 'invalid_event'
        end,
        case when s.problem_path is not null then '$.events[' || s.index || ']' || s.problem_path end
      )::crm_private.inbound_event), '{}')
    from checked s
  );
end;
$$;
comment on function crm_private.parse_events(jsonb, timestamptz, timestamptz) is
  'The events of all items as rows, in order, each with its key or with what is wrong with it.

Wrong is a time before 2004 or more than 24 hours after p_now, a missing message id, a wrong type.
A message from before p_history_before is history, whatever it says.';
