create function crm_private.contact_text_fields()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['full_name', 'email', 'phone', 'mobile', 'landline', 'wa_id', 'identification',
    'address', 'city', 'country', 'company', 'merchant_id'];
$$;
comment on function crm_private.contact_text_fields() is 'The text fields of a contact that sources give.';
