create function crm_private.participant_kinds(p_channel text)
returns text[]
language sql
immutable
set search_path = ''
as $$
  select coalesce(array_agg(k.kind order by k.strength), '{}')
  from crm_private.identity_kinds() k
  where k.names_conversation_on = p_channel;
$$;
comment on function crm_private.participant_kinds(text) is
  'The kinds that name a conversation of the channel by its participant, strongest first; empty for a channel whose conversations have thread ids only.';
