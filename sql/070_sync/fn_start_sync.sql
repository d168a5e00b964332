create function crm.start_sync(p_channel_account_id uuid, p_resource text, p_mode text, p_holder text, p_run_id uuid default null)
returns table (
  run_id uuid,
  token uuid,
  cursor jsonb,
  since timestamptz,
  resumed boolean,
  fencing_token bigint,
  expires_at timestamptz,
  mode text,
  status text,
  pages int,
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  rejected int,
  total_estimate int
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_run crm.sync_runs;
  v_lock record;
begin
  if p_mode is null or p_mode not in ('full', 'incremental') then
    perform crm_private.reject_input('p_mode', 'The mode is full or incremental.');
  end if;
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id and a.is_active;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such active channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if crm_private.is_resource_of(p_resource, v_account.channel, v_account.external_id) is not true then
    perform crm_private.reject_input('p_resource', 'The resource is <channel>:<external id>:<what> of the account.');
  end if;
  if p_run_id is not null then
    v_run := crm_private.run_of(v_account, p_resource, p_run_id);
    if v_run.finished_at is not null then
      return query select v_run.id, null::uuid, '{}'::jsonb, v_run.since, false, null::bigint, null::timestamptz, v_run.mode, v_run.status,
        v_run.pages, v_run.items, v_run.created, v_run.updated, v_run.unchanged, v_run.failed, v_run.rejected, v_run.total_estimate;
      return;
    end if;
  end if;

  -- A holder keeps the lock's row while it commits a page: that it is held can be seen without waiting for that.
  select null::uuid as token, l.holder as held_by, l.expires_at into v_lock
  from crm.sync_locks l
  where l.resource = p_resource and l.expires_at > clock_timestamp();
  if not found then
    select l.* into v_lock from crm.acquire_sync_lock(p_resource, p_holder) l;
  end if;
  if v_lock.token is null then
    raise exception using errcode = 'PT409', message = 'Another sync of the resource is under way.',
      detail = jsonb_build_object('code', 'lock_held', 'resource', p_resource, 'held_by', v_lock.held_by, 'expires_at', v_lock.expires_at)::text,
      hint = 'Wait until it has finished, or until its lease is over.';
  end if;

  if p_run_id is not null then
    v_run := crm_private.run_of(v_account, p_resource, p_run_id);
    if v_run.finished_at is not null then
      -- It finished while this waited for the lock.
      perform crm.release_sync_lock(p_resource, v_lock.token);
      return query select s.* from crm.start_sync(p_channel_account_id, p_resource, p_mode, p_holder, p_run_id) s;
      return;
    end if;
  end if;
  return query
  select (b.run).id, v_lock.token, b.cursor, (b.run).since, b.resumed, v_lock.fencing_token, v_lock.expires_at, (b.run).mode, (b.run).status,
    (b.run).pages, (b.run).items, (b.run).created, (b.run).updated, (b.run).unchanged, (b.run).failed, (b.run).rejected, (b.run).total_estimate
  from crm_private.begin_run(v_account, p_resource, p_mode, p_holder, v_lock.fencing_token) b;
end;
$$;
comment on function crm.start_sync(uuid, text, text, text, uuid) is
  'Takes the lock of the account''s resource <channel>:<external id>:<what> for 5 minutes and goes on with its unfinished run (a paused one, or one whose process died), whatever its mode, or begins one. p_run_id asks for that run: once it has finished its row comes back, with no token, and nothing is taken. Returns what commit_sync_page and finish_sync need (run_id, token, with the lease''s fencing_token and end), where to go on (cursor; resumed says that it is not the beginning), since when to read (null: everything; an incremental run without a high watermark is a full one), and how far the run has come. PT400 invalid_input, PT404 not_found (the account, or the run of this account and resource), PT409 lock_held with held_by and expires_at.';
