create function crm_private.identity_kinds()
returns table (
  kind text,
  strength int,
  is_exclusive boolean,
  is_provider_given boolean,
  scope_from text,
  names_conversation_on text
)
language sql
immutable
set search_path = ''
as $$
  values
    ('psid', 1, true, true, 'account', 'messenger'),
    ('wa_id', 2, false, true, null, 'whatsapp'),
    ('bsuid', 3, false, true, 'business', 'whatsapp'),
    ('b2chat_id', 4, true, true, 'chats', null),
    ('identification', 5, true, false, null, null),
    ('phone', 6, false, false, null, null),
    ('email', 7, false, false, null, null);
$$;
comment on function crm_private.identity_kinds() is
  'The registry of identity kinds: everything that is true of a kind. Every rule reads it from here.

strength: 1 is the strongest. is_exclusive: a person has one current value per scope.
is_provider_given: a provider made the value, nobody typed it.
scope_from: where the scope comes from when the delivery gives none: identity_scope says how. Null: the kind has no scope.
names_conversation_on: the channel on which the value names a conversation; null: on none.';
