create function crm.land_raw_records(
  p_channel_account_id uuid,
  p_entity text,
  p_records jsonb,
  p_rejected jsonb default '[]',
  p_resource text default null,
  p_lock_token uuid default null,
  p_cursor jsonb default null,
  p_run_id uuid default null
)
returns table (landed int, unchanged int)
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
  v_run crm.sync_runs;
  v_usable int;
  v_moved boolean := false;
  v_now timestamptz := clock_timestamp();
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    perform crm_private.raise_not_found(
      'channel_account', 'There is no such channel account.', 'Connect it with connect_channel.');
  end if;
  if v_account.channel <> 'b2chat' then
    perform crm_private.reject_input('p_channel_account_id', 'Raw records are landed for accounts of channel b2chat.');
  end if;
  if p_entity is null or p_entity not in ('contacts', 'chats') then
    perform crm_private.reject_input('p_entity', 'The entity is contacts or chats.');
  end if;
  if jsonb_typeof(p_records) is distinct from 'array' or jsonb_array_length(p_records) > 500 then
    perform crm_private.reject_input('p_records', 'Records are a JSON array of at most 500.');
  end if;
  if jsonb_typeof(p_rejected) is distinct from 'array' or jsonb_array_length(p_rejected) > 1000 then
    perform crm_private.reject_input('p_rejected', 'What was rejected is a JSON array of at most 1,000.');
  end if;
  if p_resource is null and (p_lock_token is not null or p_cursor is not null) then
    perform crm_private.reject_input('p_resource', 'A lock and a cursor belong to a resource.');
  end if;
  if jsonb_typeof(p_cursor) <> 'object' then
    perform crm_private.reject_input('p_cursor', 'A cursor is a JSON object.');
  end if;
  if not crm_private.is_time_zone(crm_private.merchant_time_zone(v_account)) then
    perform crm_private.reject_input('$.settings.time_zone', 'The account has a time zone that does not exist.');
  end if;
  if p_run_id is not null then
    v_run := crm_private.require_run_renewing_lease(p_run_id, p_lock_token, v_account.workspace_id);
    if (v_run.channel_account_id, v_run.resource) is distinct from (v_account.id, p_resource) then
      perform crm_private.reject_input('p_run_id', 'The run is one of this account and resource.');
    end if;
  elsif p_lock_token is not null then
    perform crm_private.require_sync_lock(p_resource, p_lock_token);
  end if;

  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id,
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;
  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id, 'malformed',
    case
      when jsonb_typeof(r.record) <> 'object' then '$'
      when p_entity = 'contacts' then '$.contact_id'
      else '$.chat_id'
    end, null, r.record)
  from jsonb_array_elements(p_records) r (record)
  where jsonb_typeof(r.record) <> 'object' or crm_private.raw_record_id(p_entity, r.record) is null;

  with usable as materialized (
    select crm_private.raw_record_id(p_entity, r.record) as external_id, r.record, r.place,
      encode(sha256(convert_to(r.record::text, 'UTF8')), 'hex') as content_hash
    from jsonb_array_elements(p_records) with ordinality r (record, place)
    where jsonb_typeof(r.record) = 'object'
  ), written as (
    insert into crm.raw_records as x (
      workspace_id, channel_account_id, entity, external_id, content_hash, payload, landed_at)
    -- In the order of the keys, so that two landings never deadlock. landed_at keeps the order of the page.
    select v_account.workspace_id, v_account.id, p_entity, u.external_id, u.content_hash, u.record,
      v_now + u.place * interval '1 microsecond'
    from (
      select distinct on (n.external_id, n.content_hash) n.*
      from usable n
      where n.external_id is not null
      order by n.external_id, n.content_hash, n.place
    ) u
    order by u.external_id collate "C", u.content_hash collate "C"
    on conflict (workspace_id, channel_account_id, entity, external_id, content_hash) do update
      set status = 'pending', error = null, processed_at = null
      where x.status = 'failed'
    returning 1
  )
  select (select count(*)::int from usable u where u.external_id is not null), (select count(*)::int from written)
  into v_usable, landed;
  unchanged := v_usable - landed;

  if p_cursor is not null then
    insert into crm.sync_state as s (workspace_id, resource, cursor)
    values (v_account.workspace_id, p_resource, jsonb_build_object(p_entity, p_cursor))
    on conflict (workspace_id, resource) do update
      set cursor = s.cursor || excluded.cursor, updated_at = clock_timestamp()
    where s.cursor || excluded.cursor <> s.cursor;
    v_moved := found;
  end if;
  if p_run_id is not null then
    perform crm_private.add_landed(v_run, unchanged, p_rejected || (
      select coalesce(jsonb_agg('{"reason": "malformed"}'::jsonb), '[]')
      from generate_series(v_usable + 1, jsonb_array_length(p_records))
    ), v_moved or landed > 0);
  end if;
  return next;
end;
$$;
comment on function crm.land_raw_records(uuid, text, jsonb, jsonb, text, uuid, jsonb, uuid) is
  'Keeps up to 500 records of a B2Chat export as delivered.

p_entity: contacts or chats. p_rejected ([{reason, path, item}]): what the translation set aside. That and records
without a usable id become dead letters.
p_lock_token: it writes only while that lock of p_resource is held. p_cursor: kept in sync_state under p_resource and
p_entity, in the same transaction. p_run_id: the lock is that run''s. The run counts the page, and its lease ends
5 minutes from now.
Returns how many records landed (new, or failed before) and how many were already there (unchanged).
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
