create function crm_private.vault_secret(p_name text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_secret text;
begin
  -- Dynamic, because the vault may be missing when this function is created.
  execute 'select s.decrypted_secret from vault.decrypted_secrets s where s.name = $1' into v_secret using p_name;
  if coalesce(btrim(v_secret), '') = '' then
    perform crm_private.raise_not_found(
      'vault_secret', 'There is no such secret in the vault.',
      'Store a secret key of the project under the name: select vault.create_secret(''<secret key>'', ''<name>'').');
  end if;
  return v_secret;
end;
$$;
comment on function crm_private.vault_secret(text) is
  'A secret of the vault by its name, decrypted, with the caller''s own rights on the vault.

Errors: PT404 not_found when there is none, or an empty one.';
