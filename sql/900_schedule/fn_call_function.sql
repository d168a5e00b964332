create function crm_private.call_function(p_project_url text, p_secret_name text, p_function text, p_bodies jsonb[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_secret text;
  v_count int;
begin
  if cardinality(p_bodies) = 0 then
    return 0;
  end if;
  v_secret := crm_private.vault_secret(p_secret_name);
  -- Wait as long as the function may run: to hang up earlier might end it.
  -- Dynamic, because the extension may be missing when this function is created.
  execute $sql$
    select count(net.http_post(url := $1, body := b.body, headers := $2, timeout_milliseconds := 150000))
    from unnest($3) b (body)
  $sql$ into v_count
    using rtrim(p_project_url, '/') || '/functions/v1/' || p_function,
      jsonb_build_object('Content-Type', 'application/json', 'apikey', v_secret), p_bodies;
  return v_count;
end;
$$;
comment on function crm_private.call_function(text, text, text, jsonb[]) is
  'Calls an Edge Function of the project once with each body, in order.

It reads the secret key from the vault by its name, when there is something to call. The calls leave when the
transaction commits, and it does not wait for their answers.
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';
