create function crm_private.contact_text_fields()
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array['full_name', 'email', 'phone', 'mobile', 'landline',
    'address', 'city', 'country', 'company', 'merchant_id'];
end;
$$;
comment on function crm_private.contact_text_fields() is
  'The text fields of a contact that sources give. wa_id and identification are not among them: they follow from the
identities.';
