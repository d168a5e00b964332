create function crm_private.given_identities(p_items crm_private.inbound_item[])
returns table (ordinal int, kind text, scope text, value text, is_previous boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with named as (
    select i.ordinal, e.value ->> 'kind' as kind, e.value ->> 'scope' as scope,
      e.value ->> 'value' as value, l.is_previous
    from unnest(p_items) i
    cross join lateral (
      values (i.participant -> 'identities', false), (i.participant -> 'previous_identities', true)
    ) l (list, is_previous)
    cross join lateral jsonb_array_elements(l.list) e
    where i.problem is null and jsonb_typeof(l.list) = 'array'
  )
  select n.ordinal, n.kind, n.scope, n.value, n.is_previous from named n
  union all
  -- A WhatsApp number is a phone number: so it meets the person whom other sources know by phone.
  select n.ordinal, 'phone', null, '+' || ltrim(btrim(n.value), '+'), n.is_previous
  from named n
  where n.kind = 'wa_id'
  union all
  select i.ordinal, f.kind, null, f.value, false
  from unnest(p_items) i
  cross join lateral (
    values
      ('identification', i.participant ->> 'identification'),
      ('wa_id', i.participant ->> 'wa_id'),
      ('phone', '+' || ltrim(btrim(i.participant ->> 'wa_id'), '+')),
      ('phone', coalesce(nullif(btrim(i.participant ->> 'mobile'), ''), i.participant ->> 'phone')),
      ('email', i.participant ->> 'email')
  ) f (kind, value)
  where i.problem is null and i.participant ?| '{identification,wa_id,mobile,phone,email}' and length(f.value) <= 256;
end;
$$;
comment on function crm_private.given_identities(crm_private.inbound_item[]) is
  'The identities of the items'' participants as given: those listed, those that changed (is_previous), the phone number
that a wa_id is, and those among the fields (identification, wa_id, mobile or else phone, email). A landline is none,
and nothing longer than 256 characters.';
