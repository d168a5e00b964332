create function crm.start_sync(
  p_channel_account_id uuid,
  p_resource text default null,
  p_mode text default null,
  p_holder text default null,
  p_run_id uuid default null
)
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
  total_estimate int,
  resource text,
  bucket text
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_resource text;
  v_run crm.sync_runs;
  v_lock record;
  v_begun record;
begin
  if p_mode is null or p_mode not in ('full', 'incremental') then
    perform crm_private.reject_input('p_mode', 'The mode is full or incremental.');
  end if;
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id and a.is_active;
  if not found then
    perform crm_private.raise_not_found(
      'channel_account', 'There is no such active channel account.', 'Connect it with connect_channel.');
  end if;
  v_resource := coalesce(p_resource, crm_private.account_sync_resource(v_account));
  if not crm_private.resource_belongs_to(v_resource, v_account.channel, v_account.external_id) then
    perform crm_private.reject_input('p_resource', 'The resource is <channel>:<external id>:<what> of the account.');
  end if;

  if p_run_id is not null then
    v_run := crm_private.find_run(v_account, v_resource, p_run_id);
  end if;
  if v_run.finished_at is null then
    v_lock := crm_private.take_sync_lock(v_resource, p_holder);
    if p_run_id is not null then
      -- Read again under the lock: the run may have finished before this call got it.
      v_run := crm_private.find_run(v_account, v_resource, p_run_id);
    end if;
    if v_run.finished_at is not null then
      perform crm.release_sync_lock(v_resource, v_lock.token);
    end if;
  end if;

  if v_run.finished_at is not null then
    select null::uuid as token, null::bigint as fencing_token, null::timestamptz as expires_at into v_lock;
    select v_run as run, '{}'::jsonb as cursor, false as resumed into v_begun;
  else
    select b.run, b.cursor, b.resumed into v_begun
    from crm_private.begin_run(v_account, v_resource, p_mode, p_holder, v_lock.fencing_token) b;
    v_run := v_begun.run;
  end if;
  return query
  select v_run.id, v_lock.token, v_begun.cursor, v_run.since, v_begun.resumed, v_lock.fencing_token, v_lock.expires_at,
    v_run.mode, v_run.status, v_run.pages, v_run.items, v_run.created, v_run.updated, v_run.unchanged, v_run.failed,
    v_run.rejected, v_run.total_estimate, v_resource,
    crm_private.account_bucket(v_account.channel, v_account.external_id);
end;
$$;
comment on function crm.start_sync(uuid, text, text, text, uuid) is
  'Takes the lock of an account''s resource for 5 minutes and resumes its unfinished run, or begins one.

p_resource: without it, what the sync of the account''s channel reads. p_mode: full or incremental; an unfinished run
keeps its own mode, and an incremental run without a high watermark is a full one. p_run_id: that run; once it has
finished, its row comes back without a token and nothing is taken.
Returns one row: what commit_sync_page and finish_sync need (run_id, token), the lease''s fencing_token and end, where
to resume (cursor; resumed: that is not the beginning), from when to read (since; null: everything), how far the run
has come, the resource of its lock, and the bucket of the account''s rate limit.
Errors: PT400 invalid_input, PT404 not_found (the account, the sync of its channel, or the run of this account and
resource), PT409 lock_held with held_by and expires_at.';
