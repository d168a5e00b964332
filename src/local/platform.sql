-- The objects a hosted Supabase project has before its first migration, for databases that are not hosted:
-- the embedded server of `npm start` and `npm test`, and Debian's Postgres 15 in CI. Never run it against a project.
-- Run it as a superuser, in each database; it may run again. Real extensions are used where they are installed
-- (and preloaded, if they need it). Otherwise cron, net, vault and realtime are stand-ins: the real names and
-- signatures over plain tables, so that migrations apply as they are. A stand-in keeps what it is given and does nothing more.
begin;
set local client_min_messages = warning;
-- Roles belong to the whole server: one run at a time.
lock table pg_catalog.pg_authid in share row exclusive mode;

-- Roles -----------------------------------------------------------------------------------------------------------
do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'supabase_admin',
                                'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin', 'dashboard_user'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute format('create role %I', v_role);
      -- As hosted: the owner of the project's objects is no superuser. A server whose superuser is `postgres` keeps it.
      if v_role = 'postgres' then
        alter role postgres login createdb createrole replication bypassrls password 'postgres';
      elsif v_role = 'supabase_admin' then
        alter role supabase_admin superuser;
      end if;
    end if;
  end loop;
end $$;

alter role anon nologin;
alter role authenticated nologin;
alter role service_role nologin bypassrls;
-- A password everybody knows: the server listens on the loopback interface only.
alter role authenticator login noinherit password 'postgres';
alter role supabase_auth_admin noinherit createrole;
alter role supabase_storage_admin noinherit createrole;
alter role dashboard_user createdb createrole replication;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend, pg_checkpoint to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- Schemas and default privileges ------------------------------------------------------------------------------------
create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_admin;
grant usage on schema extensions to anon, authenticated, service_role, dashboard_user;
grant usage on schema auth to anon, authenticated, service_role, postgres, dashboard_user;
grant all on schema auth to supabase_auth_admin;
grant usage on schema public to anon, authenticated, service_role;
grant all on schema public to postgres;
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;

alter default privileges for role postgres in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on sequences to postgres, anon, authenticated, service_role;

do $$
begin
  -- A hosted project's owner may create objects in its database; so may ours.
  execute format('grant create, connect, temporary on database %I to postgres', current_database());
end $$;

create extension if not exists pgcrypto schema extensions;
create extension if not exists "uuid-ossp" schema extensions;
do $$
begin
  execute (
    select string_agg(format('grant execute on function %s to postgres, anon, authenticated, service_role', p.oid::regprocedure), '; ')
    from pg_catalog.pg_proc p
    where p.pronamespace = 'extensions'::regnamespace
  );
end $$;

-- Auth --------------------------------------------------------------------------------------------------------------
create table if not exists auth.users (
  instance_id uuid,
  id uuid not null primary key default gen_random_uuid(),
  aud varchar(255) default 'authenticated',
  role varchar(255) default 'authenticated',
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token varchar(255),
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  phone text unique,
  phone_confirmed_at timestamptz,
  banned_until timestamptz,
  is_sso_user boolean not null default false,
  deleted_at timestamptz,
  is_anonymous boolean not null default false
);
create unique index if not exists users_email_partial_key on auth.users (email) where is_sso_user = false;
alter table auth.users owner to supabase_auth_admin;
alter table auth.users enable row level security;
grant all on auth.users to postgres, dashboard_user;

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;
create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;
create or replace function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;
alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.email() owner to supabase_auth_admin;

-- cron: pg_cron, or a stand-in that keeps the schedule and runs nothing ---------------------------------------------
do $platform$
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    null;
  elsif exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron')
    and current_setting('shared_preload_libraries') ~ '\mpg_cron\M'
    and coalesce(current_setting('cron.database_name', true), 'postgres') = current_database() then
    create extension pg_cron with schema pg_catalog;
  else
    execute $standin$
      create schema if not exists cron authorization supabase_admin;
      create table if not exists cron.job (
        jobid bigint generated always as identity primary key,
        schedule text not null,
        command text not null,
        nodename text not null default 'localhost',
        nodeport int not null default coalesce(inet_server_port(), 5432),
        database text not null default current_database(),
        username text not null default current_user,
        active boolean not null default true,
        jobname text,
        unique (jobname, username)
      );
      create table if not exists cron.job_run_details (
        jobid bigint, runid bigint generated always as identity primary key, job_pid int, database text, username text,
        command text, status text, return_message text, start_time timestamptz, end_time timestamptz
      );

      create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint
      language plpgsql security definer set search_path = '' as $$
      declare
        v_id bigint;
      begin
        if schedule !~ '^\s*(\d+\s+seconds?|@\w+|(\S+\s+){4}\S+)\s*$' then
          raise exception 'invalid schedule: %', schedule using errcode = '22023';
        end if;
        insert into cron.job (jobname, schedule, command, username) values (job_name, schedule, command, session_user)
        on conflict (jobname, username) do update set schedule = excluded.schedule, command = excluded.command, active = true
        returning jobid into v_id;
        return v_id;
      end $$;

      create or replace function cron.schedule(schedule text, command text) returns bigint
      language sql security definer set search_path = '' as 'select cron.schedule(null, $1, $2)';

      create or replace function cron.unschedule(job_name text) returns boolean
      language plpgsql security definer set search_path = '' as $$
      begin
        delete from cron.job where jobname = job_name and username = session_user;
        if not found then
          raise exception 'could not find valid entry for job ''%''', job_name;
        end if;
        return true;
      end $$;

      create or replace function cron.unschedule(job_id bigint) returns boolean
      language plpgsql security definer set search_path = '' as $$
      begin
        delete from cron.job where jobid = job_id and username = session_user;
        if not found then
          raise exception 'could not find valid entry for job ''%''', job_id;
        end if;
        return true;
      end $$;

      alter table cron.job owner to supabase_admin;
      alter table cron.job_run_details owner to supabase_admin;
      revoke all on all functions in schema cron from public;
    $standin$;
  end if;
  grant usage on schema cron to postgres;
  grant select, delete on cron.job, cron.job_run_details to postgres;
  grant execute on all functions in schema cron to postgres;
end $platform$;

-- net: pg_net, or a stand-in that records the request and sends nothing ---------------------------------------------
do $platform$
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_net') then
    null;
  elsif exists (select from pg_catalog.pg_available_extensions where name = 'pg_net')
    and current_setting('shared_preload_libraries') ~ '\mpg_net\M' then
    create extension pg_net with schema extensions;
  else
    execute $standin$
      create schema if not exists net authorization supabase_admin;
      create table if not exists net.http_request_queue (
        id bigint generated always as identity primary key, method text not null, url text not null,
        headers jsonb, body bytea, timeout_milliseconds int not null
      );
      create table if not exists net._http_response (
        id bigint, status_code int, content_type text, headers jsonb, content text, timed_out boolean, error_msg text,
        created timestamptz not null default now()
      );

      create or replace function net.http_post(
        url text, body jsonb default '{}', params jsonb default '{}',
        headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000
      ) returns bigint language sql security definer set search_path = '' as $$
        insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
        select 'POST',
          $1 || coalesce((select '?' || string_agg(p.key || '=' || p.value, '&') from jsonb_each_text($3) p), ''),
          $4, convert_to($2::text, 'UTF8'), $5
        returning id
      $$;

      create or replace function net.http_get(
        url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000
      ) returns bigint language sql security definer set search_path = '' as $$
        insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
        select 'GET',
          $1 || coalesce((select '?' || string_agg(p.key || '=' || p.value, '&') from jsonb_each_text($2) p), ''), $3, $4
        returning id
      $$;

      grant all on net.http_request_queue, net._http_response to postgres;
    $standin$;
  end if;
  grant usage on schema net to postgres, anon, authenticated, service_role;
end $platform$;

-- vault: supabase_vault, or a stand-in that keeps secrets in the clear ------------------------------------------------
do $platform$
begin
  if exists (select from pg_catalog.pg_available_extensions where name = 'supabase_vault')
    and current_setting('shared_preload_libraries') ~ '\msupabase_vault\M' then
    create extension if not exists supabase_vault;
  elsif not exists (select from pg_catalog.pg_extension where extname = 'supabase_vault') then
    execute $standin$
      create schema if not exists vault authorization supabase_admin;
      create table if not exists vault.secrets (
        id uuid primary key default gen_random_uuid(), name text unique, description text not null default '', secret text not null,
        key_id uuid, nonce bytea, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
      );
      create or replace view vault.decrypted_secrets as
        select id, name, description, secret, secret as decrypted_secret, key_id, nonce, created_at, updated_at from vault.secrets;

      create or replace function vault.create_secret(
        new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null
      ) returns uuid language sql security definer set search_path = '' as $$
        insert into vault.secrets (secret, name, description, key_id) values ($1, $2, $3, $4) returning id
      $$;

      create or replace function vault.update_secret(
        secret_id uuid, new_secret text default null, new_name text default null, new_description text default null, new_key_id uuid default null
      ) returns void language sql security definer set search_path = '' as $$
        update vault.secrets
        set secret = coalesce($2, secret), name = coalesce($3, name), description = coalesce($4, description), updated_at = now()
        where id = $1
      $$;

      revoke all on all functions in schema vault from public;
      grant usage on schema vault to postgres, service_role;
      grant select, delete on vault.secrets, vault.decrypted_secrets to postgres, service_role;
      grant execute on all functions in schema vault to postgres, service_role;
    $standin$;
  end if;
end $platform$;

-- realtime: a stand-in that keeps the messages and broadcasts nothing -------------------------------------------------
do $platform$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    execute $standin$
      create schema if not exists realtime authorization supabase_admin;
      create table if not exists realtime.messages (
        id uuid not null default gen_random_uuid() primary key, topic text not null, extension text not null, payload jsonb, event text,
        private boolean default false, updated_at timestamp not null default now(), inserted_at timestamp not null default now()
      );
      alter table realtime.messages owner to supabase_realtime_admin;
      alter table realtime.messages enable row level security;

      create or replace function realtime.topic() returns text language sql stable as $$
        select nullif(current_setting('realtime.topic', true), '')
      $$;

      -- As the real one, it never fails its caller: what goes wrong is a warning.
      create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
      language plpgsql as $$
      begin
        insert into realtime.messages (payload, event, topic, private, extension) values (payload, event, topic, private, 'broadcast');
      exception when others then
        raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
      end $$;

      grant usage on schema realtime to postgres, anon, authenticated, service_role;
      grant select, insert on realtime.messages to anon, authenticated, service_role;
      grant all on realtime.messages to postgres;
      do $grant$ begin grant supabase_realtime_admin to postgres; end $grant$;
    $standin$;
  end if;
end $platform$;

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
end $$;

commit;
