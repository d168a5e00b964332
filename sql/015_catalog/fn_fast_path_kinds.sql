create function crm_private.fast_path_kinds()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_object_agg(c.channel, c.kinds)
  from (
    select k.names_conversation_on as channel, jsonb_build_object(
      'kinds', jsonb_agg(k.kind order by k.strength),
      'plain', coalesce(
        jsonb_agg(k.kind order by k.strength) filter (where coalesce(k.scope_from, 'account') = 'account'),
        '[]')) as kinds
    from crm_private.identity_kinds() k
    where k.names_conversation_on is not null
    group by k.names_conversation_on
  ) c;
$$;
comment on function crm_private.fast_path_kinds() is
  'What the fast path asks of the kinds that name a conversation, as {channel: {kinds, plain}}.

kinds: their names, strongest first. plain: those whose scope, unless given, is none or the account itself.
Without arguments it is a constant of the plans that use it, so that a call costs nothing.';
