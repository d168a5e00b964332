create function crm_private.raw_record_error(p_path text, p_sqlstate text default null, p_message text default null)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'path', p_path,
    'message', coalesce(p_message, 'A value has the wrong type, form or size.'),
    'sqlstate', p_sqlstate));
end;
$$;
comment on function crm_private.raw_record_error(text, text, text) is
  'The error that a failed raw record keeps: {path, message, sqlstate?}.

The path is from the root of its payload.';
