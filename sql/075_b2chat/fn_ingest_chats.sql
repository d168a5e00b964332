create function crm_private.ingest_chats(
  p_account crm.channel_accounts,
  p_places int[],
  p_items jsonb[],
  p_closed_at timestamptz[],
  p_now timestamptz
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_results crm_private.ingest_result[];
  v_closed uuid[];
begin
  perform crm_private.check_batch(to_jsonb(p_items));
  v_results := array(
    select r from crm_private.ingest_items_isolated(p_account, to_jsonb(p_items), p_now) r order by r.ordinal);
  v_closed := crm_private.close_conversations(p_account.workspace_id,
    array(select r.conversation_id from unnest(v_results) r order by r.ordinal), p_closed_at);
  return array(
    select row(
      p_places[r.ordinal],
      case
        when r.error is not null then 'failed'
        when r.is_new then 'created'
        when r.events_inserted > 0 or r.contact_outcome in ('created', 'updated', 'upgraded')
          or r.conversation_id = any (v_closed) then 'updated'
        else 'skipped'
      end,
      case when r.error is not null then crm_private.raw_record_error(
        -- Only an event's time can be wrong here: read_b2chat_chat has checked everything else.
        coalesce(
          regexp_replace(r.error #>> '{events,0,path}', '^\$\.events\[(\d+)\].*$', '$.messages[\1].created_at'), '$'),
        r.error ->> 'sqlstate',
        case
          when r.error ? 'events' then 'A time is before 2004 or more than 24 hours ahead.'
          else 'The database refused the chat.'
        end) end
    )::crm_private.raw_outcome
    from unnest(v_results) r
    order by r.ordinal);
end;
$$;
comment on function crm_private.ingest_chats(
  crm.channel_accounts, int[], jsonb[], timestamptz[], timestamptz) is
  'Ingests chats and closes their conversations.

By ordinal: p_places is the place of the raw record, p_items the InboundItem, p_closed_at when the chat was closed.
Returns what became of each.
Errors: PT400 invalid_input for more than 500 items or 2,000 events.';
