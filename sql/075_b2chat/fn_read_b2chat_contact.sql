create function crm_private.read_b2chat_contact(
  p_record jsonb,
  p_account crm.channel_accounts,
  p_time_zone text,
  out participant jsonb,
  out source_time timestamptz,
  out problem_path text
)
language plpgsql
stable
set search_path = ''
as $$
declare
  -- {our field: B2Chat's}
  v_names constant jsonb := '{"full_name": "fullname", "identification": "identification", "email": "email",
    "mobile": "mobile", "landline": "landline", "address": "address", "country": "country", "city": "city",
    "company": "company", "merchant_id": "merchant_id"}'::jsonb;
  v_problem text;
begin
  v_problem := coalesce(
    '.' || crm_private.first_wrong_type(p_record, '{"fullname": "string number", "identification": "string number",
      "email": "string number", "mobile": "string number", "landline": "string number", "address": "string number",
      "country": "string number", "city": "string number", "company": "string number", "merchant_id": "string number",
      "created": "string", "updated": "string", "custom_attributes": "array", "tags": "array"}'),
    '.' || crm_private.first_unreadable_time(p_record, '{created,updated}', p_time_zone),
    crm_private.b2chat_tags_and_attributes_problem(p_record));
  if v_problem is null then
    participant := crm_private.b2chat_tags_and_attributes(p_record)
      || (select coalesce(jsonb_object_agg(n.ours, p_record -> n.theirs), '{}')
        from jsonb_each_text(v_names) n (ours, theirs))
      || jsonb_build_object('identities', jsonb_build_array(jsonb_build_object(
        'kind', 'b2chat_id', 'scope', 'contacts:' || p_account.external_id,
        'value', crm_private.raw_record_id('contacts', p_record))));
    if btrim(p_record ->> 'created') <> '' then
      participant := participant
        || jsonb_build_object('source_created_at', crm_private.zoned_time(p_record ->> 'created', p_time_zone));
    end if;
    source_time := crm_private.plausible_time(crm_private.zoned_time(p_record ->> 'updated', p_time_zone));

    select min(p.path collate "C") into v_problem from crm_private.participant_problems(array[participant]) p;
    v_problem := '.' || coalesce(v_names ->> ltrim(v_problem, '.'), ltrim(v_problem, '.'));
  end if;
  problem_path := '$' || v_problem;
end;
$$;
comment on function crm_private.read_b2chat_contact(jsonb, crm.channel_accounts, text) is
  'Reads a record of B2Chat''s contacts export. Times without a zone are read in p_time_zone.

Returns the participant and the time of its last update. Or, in problem_path, the JSON path of what is wrong with it.
Fields: https://b2chat.gitbook.io/b2chat-platform-api-docs/contactos/recuperar-contactos';
