create function crm_private.canonical_identity_value(p_kind text, p_value text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case p_kind
    when 'email' then substring(lower(btrim(p_value)) from '^[^@]+@[^@]+$')
    when 'phone' then substring(regexp_replace(p_value, '[\s().-]', '', 'g') from '^\+[1-9][0-9]{6,14}$')
    else nullif(btrim(p_value), '')
  end;
end;
$$;
comment on function crm_private.canonical_identity_value(text, text) is
  'An identity''s value in the one form it is stored and compared in, or null when it is none: e-mail in lower case with one @, phone in E.164, others trimmed.';
