create function crm_private.field_wins(
  p_source text,
  p_at timestamptz,
  p_value jsonb,
  p_delivery text,
  p_other_source text,
  p_other_at timestamptz,
  p_other_value jsonb,
  p_other_delivery text
)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- 1 and "1" read alike, so their JSON counts too: that makes the order total.
  return
    row(p_source is distinct from 'chat_embedded', coalesce(p_at, '-infinity'),
      p_value #>> '{}' collate "C", p_value::text collate "C", coalesce(p_delivery, '') collate "C")
    > row(p_other_source is distinct from 'chat_embedded', coalesce(p_other_at, '-infinity'),
      p_other_value #>> '{}' collate "C", p_other_value::text collate "C", coalesce(p_other_delivery, '') collate "C");
end;
$$;
comment on function crm_private.field_wins(text, timestamptz, jsonb, text, text, timestamptz, jsonb, text) is
  'The order of fields: true when the first word on a field of a contact outweighs the other one.

What decides, in this order: the source (the Contacts API always outweighs a chat), its time (an unknown one is the
oldest), the value, the delivery.
The order is total, so the winner does not depend on the order of arrival, and a word does not win against itself.';
