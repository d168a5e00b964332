create function crm_private.fast_path_shape(p_channel text, p_items jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_kinds jsonb := crm_private.fast_path_kinds() -> p_channel;
  v_count int := case when jsonb_typeof(p_items) = 'array' then jsonb_array_length(p_items) else 0 end;
  v_shape text;
  v_item jsonb;
  v_event jsonb;
begin
  if v_kinds is null or v_count > 20 then
    return null;
  end if;
  for v_place in 0..v_count - 1 loop
    v_item := p_items -> v_place;
    v_event := v_item -> 'events' -> 0;
    -- One message of one participant. A path that cannot be read
    -- is not true; !(… != …) is true where a field is absent.
    if jsonb_path_match(v_item, '
        exists($.participant ? (@.type() == "object"
          && @.identities.type() == "array" && @.identities.size() > 0
          && !(@.identities[*].type() != "object")
          && !exists(@.identities[*] ? (!(@.kind.type() == "string" && @.kind == $kinds[*]
            && @.value.type() == "string"
            && !(@.scope.type() != "string" && @.scope.type() != "null"))))
          && !(@.full_name.type() != "string")
          && !(@.custom_attributes.type() != "object")))
        && $.events.type() == "array" && $.events.size() == 1 && exists($.events[0] ? (
          @.provider_message_id.type() == "string" && @.provider_message_id != ""
          && @.direction.type() == "string" && (@.direction == "inbound" || @.direction == "outbound")
          && (@.occurred_at.type() == "number" || @.occurred_at.type() == "string")
          && !(@.text.type() != "string")
          && !(@.attachments.type() != "array")
          && !(@.reply_to.type() != "string")
          && !(@.payload.type() != "object")))', v_kinds, true) is not true
      -- And nothing else.
      or v_item - '{participant,events}'::text[] <> '{}'
      or (v_item -> 'participant') - '{identities,full_name,custom_attributes}'::text[] <> '{}'
      or v_event - '{provider_message_id,occurred_at,direction,text,attachments,reply_to,payload}'::text[]
        <> '{"type": "message"}'
      or length(v_event ->> 'provider_message_id') > 512 then
      return null;
    end if;

    -- A single id, whose scope needs no look-up, and a number for the time, as providers send it.
    if jsonb_path_match(v_item, '
        exists($.participant ? (@.identities.size() == 1
          && @.identities[0].kind == $plain[*] && !exists(@.identities[0].scope)
          && !exists(@.full_name) && !exists(@.custom_attributes)))
        && $.events[0].occurred_at.type() == "number"', v_kinds, true) then
      if length(v_event ->> 'occurred_at') > 14 then
        return null;
      end if;
      v_shape := 'plain';
    elsif v_count > 1 or crm_private.event_time(v_event ->> 'occurred_at') is null
      or length(v_item ->> 'participant') > 2000 then
      return null;
    else
      v_shape := 'named';
    end if;
  end loop;
  return v_shape;
end;
$$;
comment on function crm_private.fast_path_shape(text, jsonb) is
  'Which fast path fits the items of a call on the channel, by their JSON alone.

Returns plain: 1 to 20 items, each one message of a participant with one id and no field.
Returns named: one item, whose participant may have several ids, a name and custom attributes.
Returns null for anything else: the general path takes it. Never raises, whatever the JSON is.';
