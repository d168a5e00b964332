create view crm.stale_stubs with (security_invoker = true) as
select
  c.workspace_id,
  c.id as contact_id,
  c.full_name,
  c.phone_normalized,
  c.email,
  (select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
    order by i.kind, i.scope, i.value), '[]')
    from crm.contact_identities i
    where i.contact_id = c.id and not i.is_previous) as identities,
  v.conversations,
  v.last_message_at,
  c.created_at,
  date_trunc('second', now() - c.created_at) as age
from crm.contacts c
cross join lateral (
  select count(*) as conversations, max(t.last_message_at) as last_message_at
  from crm.conversations t
  where t.contact_id = c.id
) v
where c.needs_full_sync and c.merged_into_id is null and c.created_at < now() - interval '7 days'
order by v.last_message_at desc nulls last, c.created_at desc;
comment on view crm.stale_stubs is
  'Which stubs has the Contacts API not described for more than 7 days?

One row per stub of that age, the latest writers first, with the ids to look them up by.';
