create function crm_private.phone_variants(p_phone text)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_phone ~ '^\+55[1-9][1-9]9[6-9][0-9]{7}$' then array[substr(p_phone, 1, 5) || substr(p_phone, 7)]
    when p_phone ~ '^\+55[1-9][1-9][6-9][0-9]{7}$' then array[substr(p_phone, 1, 5) || '9' || substr(p_phone, 6)]
    when p_phone ~ '^\+521[0-9]{10}$' then array['+52' || substr(p_phone, 5)]
    when p_phone ~ '^\+52[0-9]{10}$' then array['+521' || substr(p_phone, 4)]
    when p_phone ~ '^\+549[0-9]{10}$' then array['+54' || substr(p_phone, 5)]
    when p_phone ~ '^\+54[0-9]{10}$' then array['+549' || substr(p_phone, 4)]
    else array[]::text[]
  end;
end;
$$;
comment on function crm_private.phone_variants(text) is
  'Other ways in which the same E.164 number is written. For look-up only: the number is stored as it was given.

Brazil''s mobiles have a ninth digit or not, Mexico''s a 1 or not, Argentina''s a 9 or not.';
