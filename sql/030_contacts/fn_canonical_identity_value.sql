create function crm_private.canonical_identity_value(p_kind text, p_value text, p_default_country text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return case crm_private.kind_forms() ->> p_kind
    when 'mail' then crm.normalize_email(p_value)
    when 'e164' then coalesce(
      crm.normalize_phone(p_value, p_default_country),
      -- Mexico's numbers with the 1 are not possible any more, but WhatsApp still gives them.
      crm.normalize_phone((crm_private.phone_variants('+' || regexp_replace(p_value, '[^0-9]', '', 'g')))[1]))
    when 'digits' then
      case when p_value ~ '^[\s+]*[0-9][0-9\s().-]*$' then regexp_replace(p_value, '[^0-9]', '', 'g')
        else nullif(btrim(p_value), '') end
    else nullif(btrim(p_value), '')
  end;
end;
$$;
comment on function crm_private.canonical_identity_value(text, text, text) is
  'An identity''s value in the one form it is stored and compared in, or null when it is none: e-mail in lower case with
one @, phone in E.164 (where only a variant of it is a possible number, that one), a WhatsApp number as its digits,
others trimmed.';
