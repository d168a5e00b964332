create function crm.normalize_phone(p_raw text, p_default_country text default null)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_plan crm_private.phone_plans;
  v_digits text;
  v_rest text;
begin
  if p_default_country is not null then
    select p.* into v_plan from crm_private.phone_plans p where p.country = p_default_country;
    if not found then
      perform crm_private.reject_input('p_default_country',
        'The default country is an ISO 3166-1 alpha-2 code such as CO.');
    end if;
  end if;

  -- Most numbers are digits between blanks, brackets, dots and
  -- dashes, and perhaps a + before them all: those need no pattern.
  v_digits := translate(p_raw, U&' ()-.\00A0', '');
  if rtrim(v_digits, '0123456789') not in ('', '+') or octet_length(p_raw) > 250 then
    v_digits := crm_private.phone_dialled(p_raw);
  end if;
  if v_digits is null or length(v_digits) < 4 then
    return null; -- No number is that short.
  end if;

  if left(v_digits, 1) <> '+' then
    if v_plan.calling_code is null then
      return null;
    end if;
    if strpos(v_plan.idd_first_digits, left(v_digits, 1)) > 0 then
      v_rest := regexp_replace(v_digits, v_plan.idd_pattern, '');
    end if;
    if v_rest <> v_digits and v_rest <> '' and v_rest not like '0%' then
      v_digits := '+' || v_rest;
    elsif starts_with(v_digits, v_plan.calling_code) then
      if length(v_digits) > all (v_plan.lengths)
        and strpos(v_plan.prefix_first_digits, left(v_digits, 1)) > 0 is not true then
        v_digits := '+' || v_digits;
      else
        v_digits := crm_private.phone_with_plus(v_digits, v_plan);
      end if;
    end if;
  end if;

  if left(v_digits, 1) = '+' then
    if v_plan.ordinal is distinct from 1 or not starts_with(substr(v_digits, 2), v_plan.calling_code) then
      -- Not the default country's plan. At most one of these is a calling code, because none begins with another.
      select p.* into v_plan
      from crm_private.phone_plans p
      where p.calling_code in (substr(v_digits, 2, 1), substr(v_digits, 2, 2), substr(v_digits, 2, 3))
        and p.ordinal = 1;
      if not found then
        return null;
      end if;
    end if;
    v_digits := substr(v_digits, 2 + length(v_plan.calling_code));
  end if;

  if strpos(v_plan.prefix_first_digits, left(v_digits, 1)) > 0 then
    v_digits := crm_private.phone_national_number(v_digits, v_plan);
  end if;
  if length(v_digits) = any (v_plan.lengths_everywhere) or length(v_digits) = any (v_plan.lengths_anywhere)
      and length(v_digits) = any (coalesce(crm_private.phone_country_lengths(v_plan.calling_code, v_digits),
        v_plan.lengths)) then
    return '+' || v_plan.calling_code || v_digits;
  end if;
  return null;
end;
$$;
comment on function crm.normalize_phone(text, text) is
  'A phone number in E.164 (+573001234567), or null when the text is no possible number.

A number without a country code is read as the default country''s. Without a default country only international numbers
are read. Extensions are dropped. Source: parsePhoneNumberFromString of libphonenumber-js, where isPossible().

PT400 invalid_input: the default country is unknown.';
