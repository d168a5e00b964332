create function crm_private.phone_country_lengths(p_calling_code text, p_number text)
returns int[]
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  return (
    select p.lengths
    from crm_private.phone_plans p
    where p.calling_code = p_calling_code
      and case
        when p.leading_digits is not null then p_number ~ p.leading_digits
        else strpos(p.first_digits, left(p_number, 1)) > 0 and p_number ~ p.pattern and exists (
          select from crm_private.phone_types t
          where t.calling_code = p.calling_code and t.ordinal = p.ordinal and length(p_number) = any (t.lengths)
            and p_number ~ t.pattern)
      end
    order by p.ordinal
    limit 1
  );
end;
$$;
comment on function crm_private.phone_country_lengths(text, text) is
  'The lengths possible in the country of a national number whose calling code several countries share.

Null when the number belongs to none of them. Source: getCountryByNationalNumber of libphonenumber-js.';
