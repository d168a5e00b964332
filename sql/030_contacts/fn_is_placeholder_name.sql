create function crm_private.is_placeholder_name(p_name text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return lower(btrim(p_name)) in (
      '', 'unknown', 'unknown contact', 'unknown user', 'anonymous', 'hidden', 'null', 'undefined', 'none', 'n/a',
      'facebook user', 'messenger user', 'whatsapp user', 'instagram user', 'user',
      'sin nombre', 'desconocido', 'usuario', 'usuario de facebook', 'usuario de whatsapp', 'cliente')
    or btrim(p_name) ~ '^[-+().*_[:space:][:digit:]]*$';
end;
$$;
comment on function crm_private.is_placeholder_name(text) is
  'True for what providers and forms write where they know no name: such a value is no name, and never replaces one.
Digits and punctuation alone are a number, not a name.';
