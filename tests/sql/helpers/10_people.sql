-- Helpers for the pgTAP files, in schema `tests`, which exists in test databases only. Here: who acts, and where.
create schema if not exists tests;
grant usage on schema tests to public;

-- Returns the id of the user with this email; makes the user the first time.
create or replace function tests.create_user(p_email text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into auth.users (email, raw_app_meta_data, raw_user_meta_data) values (p_email, '{}', '{}')
  on conflict (email) where is_sso_user = false do nothing
  returning id into v_id;
  return coalesce(v_id, tests.user_id(p_email));
end $$;

-- The id of a user made with `create_user`.
create or replace function tests.user_id(p_email text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  select u.id into strict v_id from auth.users u where u.email = p_email;
  return v_id;
exception when no_data_found then
  raise exception 'no test user %: call tests.create_user first', p_email;
end $$;

-- A workspace with this slug.
create or replace function tests.create_workspace(p_slug text, p_default_country text default 'CO') returns uuid
language plpgsql set search_path = '' as $$
begin
  return crm.create_workspace(p_slug => p_slug, p_name => initcap(p_slug), p_default_country => p_default_country);
end $$;

-- A user with a role in a workspace. Returns the user's id.
create or replace function tests.create_member(p_workspace_id uuid, p_email text, p_role text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_user_id uuid := tests.create_user(p_email);
begin
  perform crm.add_member(p_workspace_id => p_workspace_id, p_user_id => v_user_id, p_role => p_role);
  return v_user_id;
end $$;

-- From here to the end of the transaction, act as this user through the API.
create or replace function tests.authenticate_as(p_email text) returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object(
    'role', 'authenticated', 'sub', tests.user_id(p_email), 'email', p_email, 'aud', 'authenticated')::text, true);
  perform set_config('role', 'authenticated', true);
end $$;

-- Act as the holder of the secret key.
create or replace function tests.as_service() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '{"role": "service_role"}', true);
  perform set_config('role', 'service_role', true);
end $$;

-- Act as somebody who is not signed in.
create or replace function tests.as_anon() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('role', 'anon', true);
end $$;

-- Act as the test itself again.
create or replace function tests.clear_authentication() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '', true);
  perform set_config('role', 'none', true);
end $$;

-- Passes when the statement raises this SQLSTATE and, unless null, its detail is JSON with this `code`.
create or replace function tests.throws_code(p_sql text, p_sqlstate text, p_code text default null, p_description text default null)
returns text language plpgsql as $$
declare
  v_state text := 'no error';
  v_message text;
  v_detail text;
  v_code text;
begin
  begin
    execute p_sql;
  -- `others` leaves these two out.
  exception when others or query_canceled or assert_failure then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
  end;
  begin
    v_code := v_detail::jsonb ->> 'code';
  exception when invalid_text_representation then
    v_code := null;
  end;
  return extensions.ok(
    v_state = p_sqlstate and (p_code is null or v_code is not distinct from p_code),
    coalesce(p_description, format('raises %s %s: %s', p_sqlstate, coalesce(p_code, ''), p_sql))
  ) || case
    when v_state = p_sqlstate and (p_code is null or v_code is not distinct from p_code) then ''
    else E'\n' || extensions.diag(format('wanted %s %s, caught %s %s: %s', p_sqlstate, p_code, v_state, v_code, v_message))
  end;
end $$;

-- Workspace `pgtap-acme` with the Messenger page `pgtap-page` and the WhatsApp number `pgtap-number`: where most files play.
-- Returns the workspace's id.
create or replace function tests.create_acme() returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid := tests.create_workspace('pgtap-acme');
begin
  perform crm.connect_channel(v_id, 'messenger', 'pgtap-page', 'Acme''s page');
  perform crm.connect_channel(v_id, 'whatsapp', 'pgtap-number', 'Acme''s number');
  return v_id;
end $$;

create or replace function tests.workspace_id(p_slug text default 'pgtap-acme') returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select w.id from crm.workspaces w where w.slug = p_slug
  );
end $$;

create or replace function tests.account_id(p_external_id text) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select a.id from crm.channel_accounts a where a.external_id = p_external_id
  );
end $$;

-- A time of the tests, in seconds from 2025-01-15 12:00 UTC: as a provider's milliseconds, and as the database has it.
create or replace function tests.ms(p_seconds numeric) returns bigint
language sql immutable set search_path = '' as $$
  select (1736942400000 + p_seconds * 1000)::bigint
$$;
create or replace function tests.moment(p_seconds numeric) returns timestamptz
language sql immutable set search_path = '' as $$
  select to_timestamp(1736942400 + p_seconds)
$$;
