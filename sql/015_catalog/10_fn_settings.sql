create function crm_private.settings()
returns table (belongs_to text, channel text, name text, type text, default_value jsonb, description text)
language sql
immutable
set search_path = ''
as $$
  values
    ('channel_account', 'whatsapp', 'business_id', 'text', null::jsonb,
      'The scope that business-scoped user ids of this account share, instead of the WABA id.'),
    ('channel_account', 'b2chat', 'time_zone', 'time_zone', '"UTC"',
      'The zone of the merchant''s times, which come without one: an IANA name.'),
    ('channel_account', 'b2chat', 'sync_from', 'date', null,
      'The first day that the first sync reads, YYYY-MM-DD; without it, 30 days ago.'),
    ('channel_account', 'b2chat', 'shared_contact_ids', 'boolean', 'false',
      'Whether chats and contacts of the merchant number people alike.');
$$;
comment on function crm_private.settings() is
  'The registry of settings: what workspaces.settings and channel_accounts.settings may hold.

belongs_to: workspace or channel_account; channel: the channel whose accounts have it, null: all of them.
type: text (1 to 256 characters), boolean, date (YYYY-MM-DD) or time_zone (an IANA name): setting_value reads them.
default_value: what holds when it is not set; null: nothing does.';
