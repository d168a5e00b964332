create function crm_private.phone_with_plus(p_digits text, p_plan crm_private.phone_plans)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_shorter text := substr(p_digits, length(p_plan.calling_code) + 1);
  v_national text := crm_private.phone_national_number(p_digits, p_plan);
  v_shorter_national text;
begin
  if length(v_national) > all (p_plan.lengths) then
    return '+' || p_digits;
  end if;
  v_shorter_national := crm_private.phone_national_number(v_shorter, p_plan);
  if v_shorter_national <> v_national and v_national !~ p_plan.pattern and v_shorter_national ~ p_plan.pattern then
    return '+' || p_digits;
  end if;
  return p_digits;
end;
$$;
comment on function crm_private.phone_with_plus(text, crm_private.phone_plans) is
  'Digits that begin with the plan''s calling code, with a + before them where they are an international number.

That is so when they are too long for a national number, or are a valid number only without the code. Otherwise
unchanged. Source: extractCountryCallingCodeFromInternationalNumberWithoutPlusSign of libphonenumber-js.';
