create function crm.normalize_email(p_raw text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return substring(lower(btrim(p_raw,
    U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A'
    '\2028\2029\202F\205F\3000\FEFF'
  )) from '^[^@]+@[^@]+$');
end;
$$;
comment on function crm.normalize_email(text) is
  'An e-mail address without the white space around it (Unicode''s, and the byte order mark) and in lower case, or null
when it has not exactly one @ with something on both sides.';
