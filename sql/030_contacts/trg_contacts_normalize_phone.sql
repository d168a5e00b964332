create function crm_private.normalize_contact_phone()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.phone_normalized := crm.normalize_phone(coalesce(new.mobile, new.phone),
    (select w.default_country from crm.workspaces w where w.id = new.workspace_id));
  return new;
end;
$$;
comment on function crm_private.normalize_contact_phone() is
  'Trigger function: phone_normalized is normalize_phone(coalesce(mobile, phone)) with the workspace''s default country,
whoever writes.';

create trigger normalize_phone_on_insert
before insert on crm.contacts
for each row when (new.mobile is not null or new.phone is not null or new.phone_normalized is not null)
execute function crm_private.normalize_contact_phone();

create trigger normalize_phone_on_update
before update of mobile, phone, phone_normalized on crm.contacts
for each row when (
  old.mobile is distinct from new.mobile or old.phone is distinct from new.phone
    or old.phone_normalized is distinct from new.phone_normalized)
execute function crm_private.normalize_contact_phone();
