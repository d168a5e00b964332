create function crm_private.check_default_country(p_country text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_country is null or p_country !~ '^[A-Z]{2}$' then
    perform crm_private.reject_input('p_default_country', 'The default country is an ISO 3166-1 alpha-2 code such as CO.');
  end if;
  perform crm.normalize_phone('', p_country); -- Refuses a country that has no telephone numbers.
end;
$$;
comment on function crm_private.check_default_country(text) is
  'Returns when phone numbers can be read as this country''s. PT400 invalid_input.';
