create function crm_private.refuse_if_in_use(p_setting text, p_identities int)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_identities > 0 then
    raise exception using errcode = 'PT409',
      message = format('%s cannot change: identities were stored under the value it has.', p_setting),
      detail = jsonb_build_object('code', 'setting_in_use', 'setting', p_setting, 'identities', p_identities)::text,
      hint = 'Those people would not be found again. Keep the value, or delete these contacts and conversations first.';
  end if;
end;
$$;
comment on function crm_private.refuse_if_in_use(text, int) is
  'Returns when no identity depends on the setting.

p_identities: how many identities the change would leave behind, up to 1,000.
PT409 setting_in_use: with the setting and that number.';
