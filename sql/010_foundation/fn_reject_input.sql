create function crm_private.reject_input(p_path text, p_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = 'PT400', message = p_message,
    detail = jsonb_build_object('code', 'invalid_input', 'path', p_path)::text,
    hint = 'Correct the value at the path and call again.';
end;
$$;
comment on function crm_private.reject_input(text, text) is
  'Never returns: raises PT400 invalid_input with the JSON path of what was wrong.';
