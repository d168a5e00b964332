create function crm.bulk_upsert_conversations_with_events(
  p_channel_account_id uuid,
  p_items jsonb,
  p_lock_token uuid default null
)
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
-- A plan cached while a table is small would keep its sequential scan after the table has grown (ADR 7).
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_shape text;
  v_sqlstate text;
  v_constraint text;
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if p_lock_token is not null then
    perform crm_private.require_account_lock(v_account, p_lock_token);
  end if;

  v_shape := crm_private.fast_path_shape(v_account.channel, p_items);
  if v_shape is not null then
    begin
      if v_shape = 'plain' then
        return query select r.* from crm_private.ingest_plain_messages(v_account, p_items) r;
      else
        return query select r.* from crm_private.ingest_named_messages(v_account, p_items) r;
      end if;
      return;
    exception
      when sqlstate 'OF002' then
        null;
      when data_exception or integrity_constraint_violation then
        get stacked diagnostics v_sqlstate = returned_sqlstate, v_constraint = constraint_name;
    end;
  end if;

  perform crm_private.check_batch(p_items);
  return query select r.* from crm_private.ingest_items_isolated(v_account, p_items, clock_timestamp()) r;
  if v_sqlstate is not null then
    perform crm_private.count_fast_path_error(v_account, v_sqlstate, v_constraint);
  end if;
end;
$$;
comment on function crm.bulk_upsert_conversations_with_events(uuid, jsonb, uuid) is
  'Ingests up to 500 InboundItems with up to 2,000 events into one channel account, in one transaction.

Returns one row per item, in order: ordinal counts from 1; error is null, or {code, path} of the item, or
{code, events: [{code, path}]} where only events were bad. What is bad is in dead_letters.
With p_lock_token, the token of a lock of one of the account''s resources, it writes only while that lock is held.

PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
