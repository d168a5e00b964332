create function crm_private.phone_national_number(p_digits text, p_plan crm_private.phone_plans)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_match text[] := regexp_match(p_digits, p_plan.prefix_pattern);
  v_number text;
  v_lengths int[];
begin
  if v_match is null then
    return p_digits;
  end if;
  if p_plan.prefix_transform is not null and cardinality(v_match) > 1 and v_match[cardinality(v_match)] <> '' then
    v_number := regexp_replace(p_digits, p_plan.prefix_pattern, p_plan.prefix_transform);
  else
    v_number := substr(p_digits, length(v_match[1]) + 1);
  end if;
  if v_number = p_digits then
    return p_digits;
  end if;

  -- Where a prefix is also what numbers begin with, a number that is whole with it keeps it.
  if strpos(p_plan.first_digits, left(p_digits, 1)) > 0 and p_digits ~ p_plan.pattern
    and v_number !~ p_plan.pattern then
    return p_digits;
  end if;
  if length(v_number) = any (p_plan.lengths_everywhere) or length(v_number) > all (p_plan.lengths_anywhere) then
    return v_number;
  end if;
  v_lengths := p_plan.lengths_anywhere;
  if v_lengths <> p_plan.lengths_everywhere then
    v_lengths := coalesce(crm_private.phone_country_lengths(p_plan.calling_code, v_number), p_plan.lengths);
  end if;
  return case
    when length(v_number) = any (v_lengths) or length(v_number) > all (v_lengths) then v_number
    else p_digits
  end;
end;
$$;
comment on function crm_private.phone_national_number(text, crm_private.phone_plans) is
  'The digits without the plan''s national prefix and carrier code, or as its transform rule changes them.

Unchanged when too few digits would be left. Source: extractNationalNumber of libphonenumber-js.';
