create function crm_private.kind_channels()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.kind, k.names_conversation_on), '{}')
  from crm_private.identity_kinds() k
  where k.names_conversation_on is not null;
$$;
comment on function crm_private.kind_channels() is
  '{kind: channel} of the kinds whose values name a conversation of the channel by its participant.';
