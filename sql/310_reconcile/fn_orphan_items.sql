create function crm_private.orphan_items(
  p_account crm.channel_accounts,
  p_conversation_ids uuid[],
  out items jsonb,
  out conversation_ids uuid[]
)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_kinds text[] := '{}'::text[];
  v_known_kinds text[];
  v_known_scopes text[];
  v_parsed crm_private.inbound_item[];
  v_identities crm_private.item_identity[];
  v_keys crm_private.item_key[];
begin
  -- A key names no scope: that of a page follows from the account; that of a business from its setting, or it is where
  -- the id is known.
  if crm_private.business_scope(p_account) is null then
    v_kinds := array(
      select k from unnest(crm_private.kind_names()) k
      where crm_private.kind_scopes() ->> k = 'business' and crm_private.kind_channels() ->> k = p_account.channel);
    select array_agg(k), array_agg(s) into v_known_kinds, v_known_scopes
    from unnest(v_kinds) k cross join lateral crm_private.identity_scopes(p_account.workspace_id, k) s;
  end if;

  select jsonb_agg(
      jsonb_strip_nulls(jsonb_build_object('thread_id', k.thread_id, 'updated_at', v.metadata -> 'participant_at'))
      || jsonb_build_object('events', '[]'::jsonb, 'participant',
        p.participant || jsonb_build_object('identities', p.identities || coalesce(k.identities, '[]')))
      order by c.place),
    array_agg(c.id order by c.place)
  into items, conversation_ids
  from unnest(p_conversation_ids) with ordinality c (id, place)
  cross join lateral (
    select x.metadata from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = c.id offset 0
  ) v
  cross join lateral (
    select coalesce(v.metadata -> 'participant', '{}') as participant,
      case
        when jsonb_typeof(v.metadata #> '{participant,identities}') = 'array'
          then v.metadata #> '{participant,identities}'
        else '[]'
      end as identities
  ) p
  cross join lateral (
    select min(x.value) filter (where x.kind = 'thread') as thread_id,
      jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', i.kind, 'scope', s.scope, 'value', i.value))
        order by x.value, s.scope)
        filter (where x.kind = 'participant' and (s.scope is not null or i.kind <> all (v_kinds))) as identities
    from crm.conversation_keys x
    cross join lateral (
      select split_part(x.value, ':', 1) as kind, substr(x.value, strpos(x.value, ':') + 1) as value
    ) i
    left join lateral (
      select o.scope
      from unnest(v_known_kinds, v_known_scopes) b (kind, scope)
      cross join lateral (
        select n.scope
        from crm.contact_identities n
        where n.workspace_id = p_account.workspace_id and n.kind = b.kind and n.scope = b.scope and n.value = i.value
        offset 0
      ) o
      where b.kind = i.kind
    ) s on true
    where x.conversation_id = c.id and x.workspace_id = p_account.workspace_id
      and (x.kind = 'thread' or not exists (
        select from jsonb_array_elements(p.identities) g
        where g ->> 'kind' = i.kind and btrim(g ->> 'value') = i.value))
  ) k;
  if items is null then
    return;
  end if;

  -- Leave out items without a usable identity, and items whose keys do not lead back to the conversation.
  v_parsed := crm_private.parse_items(p_account, items, '{}');
  v_identities := crm_private.item_identities(p_account, v_parsed);
  v_keys := crm_private.item_keys(p_account, v_parsed, v_identities);
  -- Sets of ordinals instead of joins: a generic plan would compare every item with every other.
  select jsonb_agg(items -> (u.ordinal - 1) order by u.ordinal),
    array_agg(conversation_ids[u.ordinal] order by u.ordinal)
  into items, conversation_ids
  from (
    select d.ordinal from unnest(v_identities) d where not d.is_previous
    intersect
    select k.ordinal
    from unnest(v_keys) k
    cross join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind
        and x.value = k.value
      offset 0
    ) x
    where x.conversation_id = conversation_ids[k.ordinal]
  ) u
  where (v_parsed[u.ordinal]).problem is null;
end;
$$;
comment on function crm_private.orphan_items(crm.channel_accounts, uuid[]) is
  'Items without events that deliver the participants of the account''s conversations again.

A participant is as kept, or else as the conversation''s keys name it. Beside the items: the conversations they are of,
in the same order. Only those that can be linked now. Both are null when there is none.';
