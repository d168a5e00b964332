create function crm_private.identity_kinds()
returns table (
  kind text,
  strength int,
  is_exclusive boolean,
  is_provider_given boolean,
  canonical_form text,
  scope_from text,
  names_conversation_on text
)
language sql
immutable
set search_path = ''
as $$
  values
    ('psid', 1, true, true, 'trimmed', 'account', 'messenger'),
    ('wa_id', 2, false, true, 'digits', null, 'whatsapp'),
    ('bsuid', 3, false, true, 'trimmed', 'business', 'whatsapp'),
    ('b2chat_id', 4, true, true, 'trimmed', 'chats', null),
    ('identification', 5, true, false, 'trimmed', null, null),
    ('phone', 6, false, false, 'e164', null, null),
    ('email', 7, false, false, 'mail', null, null);
$$;
comment on function crm_private.identity_kinds() is
  'The registry of identity kinds: everything that is true of a kind. Every rule reads it from here.

strength: 1 is the strongest. is_exclusive: a person has one current value per scope.
is_provider_given: a provider made the value, nobody typed it.
canonical_form: trimmed, digits, e164 (a phone number) or mail: canonical_identity_value makes it.
scope_from: where the scope comes from: account (the account''s external id), business (the setting business_id) or
chats (the account''s chats); identity_scope says how. Null: the kind has no scope.
names_conversation_on: the channel on which the value names a conversation; null: on none.

A session keeps what it has planned: after a migration that changes a registry, sessions that are open reconnect.';
