-- Syncs of the Messenger page of workspace pgtap-acme.

-- Starts one and returns what start_sync did; p_what is the last part of the resource.
create or replace function tests.start_sync(
  p_mode text default 'full', p_holder text default 'one', p_what text default 'conversations', p_run_id uuid default null
)
returns jsonb language sql set search_path = '' as $$
  select to_jsonb(s)
  from crm.start_sync(tests.account_id('pgtap-page'), 'messenger:pgtap-page:' || p_what, p_mode, p_holder, p_run_id) s
$$;

-- Commits a page for what tests.start_sync returned, and returns what commit_sync_page did.
create or replace function tests.commit_page(p_start jsonb, p_items jsonb, p_cursor jsonb default null, p_rejected jsonb default '[]')
returns jsonb language plpgsql set search_path = '' as $$
begin
  return (
    select to_jsonb(c)
    from crm.commit_sync_page((p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid, p_items, p_cursor, p_rejected => p_rejected) c
  );
end $$;

-- Ends what tests.start_sync returned.
create or replace function tests.finish_sync(p_start jsonb, p_status text default 'completed', p_error text default null)
returns void language sql set search_path = '' as $$
  select crm.finish_sync((p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid, p_status, p_error)
$$;

-- Lets the lease of this resource be over.
create or replace function tests.expire_lease(p_resource text default 'messenger:pgtap-page:conversations')
returns void language sql set search_path = '' as $$
  update crm.sync_locks l set expires_at = now() - interval '1 millisecond' where l.resource = p_resource
$$;

-- The run that tests.start_sync returned, as it is stored.
create or replace function tests.run(p_start jsonb) returns crm.sync_runs
language plpgsql stable set search_path = '' as $$
begin
  return (
    select r from crm.sync_runs r where r.id = (p_start ->> 'run_id')::uuid
  );
end $$;

-- The cursor and the high watermark of the page's conversations.
create or replace function tests.sync_state() returns crm.sync_state
language plpgsql stable set search_path = '' as $$
begin
  return (
    select s from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'messenger:pgtap-page:conversations'
  );
end $$;

-- Starts a sync of the merchant's exports (see create_merchant), and lands a page for it.
create or replace function tests.start_export() returns jsonb language sql set search_path = '' as $$
  select to_jsonb(s) from crm.start_sync(tests.account_id('pgtap-merchant'), p_mode => 'incremental', p_holder => 'one') s
$$;
create or replace function tests.land_page(p_start jsonb, p_entity text, p_records jsonb, p_cursor jsonb default null, p_rejected jsonb default '[]')
returns jsonb language plpgsql set search_path = '' as $$
begin
  return (
    select to_jsonb(l)
    from crm.land_raw_records(tests.account_id('pgtap-merchant'), p_entity, p_records, p_rejected, p_start ->> 'resource', (p_start ->> 'token')::uuid, p_cursor,
      (p_start ->> 'run_id')::uuid) l
  );
end $$;

-- The subjects of workspace pgtap-acme for which this check of sync_health is not ok.
create or replace function tests.unhealthy(p_check text) returns text[] language plpgsql stable set search_path = '' as $$
declare
  v_subjects text[];
begin
  execute format('select array_agg(h.subject order by h.subject) from crm.%I h where h.workspace_id = $1 and not h.ok', 'health_' || p_check)
  into v_subjects using tests.workspace_id();
  return coalesce(v_subjects, '{}');
end $$;
