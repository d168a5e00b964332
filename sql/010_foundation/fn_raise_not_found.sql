create function crm_private.raise_not_found(p_what text, p_message text, p_hint text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = 'PT404', message = p_message,
    detail = jsonb_build_object('code', 'not_found', 'what', p_what)::text,
    hint = p_hint;
end;
$$;
comment on function crm_private.raise_not_found(text, text, text) is
  'Refuses a call that names a row which does not exist.

Never returns. p_what names the kind of row in the error''s detail; p_hint says what the caller can do.
Errors: PT404 not_found.';
