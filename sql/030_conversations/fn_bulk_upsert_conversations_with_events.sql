create function crm.bulk_upsert_conversations_with_events(p_channel_account_id uuid, p_items jsonb, p_lock_token uuid default null)
returns table (
  ordinal int,
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
)
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  v_account crm.channel_accounts;
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if p_lock_token is not null then
    raise exception using errcode = 'PT409', message = 'The lock is lost.',
      detail = jsonb_build_object('code', 'lock_lost')::text,
      hint = 'Take the lock again and resume from the last committed page.';
  end if;
  perform crm_private.check_batch(p_items);

  return query select r.* from crm_private.ingest_isolating(v_account, p_items, clock_timestamp()) r;
end;
$$;
comment on function crm.bulk_upsert_conversations_with_events(uuid, jsonb, uuid) is
  'Ingests up to 500 InboundItems with up to 2,000 events into one channel account, in one transaction. One row per item, in order: ordinal counts from 1; error is null, or {code, path} of the item, or {code, events: [{code, path}]} where only events were bad; what is bad is in dead_letters. PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
