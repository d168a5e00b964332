create function crm_private.transform_contacts(
  p_account crm.channel_accounts,
  p_rows crm.raw_records[],
  p_places int[]
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_zone text := crm_private.merchant_time_zone(p_account);
  v_items crm_private.inbound_item[] := '{}'::crm_private.inbound_item[];
  v_read record;
begin
  for v_ordinal in 1..cardinality(p_places) loop
    select r.* into v_read
    from crm_private.read_b2chat_contact((p_rows[p_places[v_ordinal]]).payload, p_account, v_zone) r;
    v_items := v_items || row(v_ordinal, null, v_read.participant, v_read.source_time, null,
      'b2chat:' || p_account.external_id || ':contact:' || (p_rows[p_places[v_ordinal]]).external_id,
      case when v_read.problem_path is not null then 'invalid_item' end, v_read.problem_path)::crm_private.inbound_item;
  end loop;

  return array(
    select row(
      p_places[s.ordinal],
      case
        when s.error is not null then 'failed'
        when s.outcome in ('created', 'updated', 'upgraded') then s.outcome
        else 'skipped'
      end,
      case when s.error is not null then crm_private.raw_record_error(s.error ->> 'path', s.error ->> 'sqlstate',
        case when s.error ? 'sqlstate' then 'The database refused the contact.' end) end
    )::crm_private.raw_outcome
    from crm_private.store_contacts(p_account, 'contacts_api', v_items) s);
end;
$$;
comment on function crm_private.transform_contacts(crm.channel_accounts, crm.raw_records[], int[]) is
  'Turns claimed contact records of one account (p_places in p_rows) into contacts.

A record with a wrong type, or one that the tables refuse, fails alone.
Returns what became of each.';
