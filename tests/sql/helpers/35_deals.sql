-- A made-up domain above all rooms, to show how one attaches (ADR 29): deals of a contact, and the thread that each is about.

-- Makes it. In a pgTAP file it is gone with the transaction; elsewhere it needs a database of its own.
create or replace function tests.add_deals() returns void
language plpgsql set search_path = '' as $body$
begin
  create table tests.deals (
    workspace_id uuid not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    contact_id uuid not null,
    primary key (workspace_id, id),
    foreign key (workspace_id, contact_id) references crm.contacts (workspace_id, id)
  );
  create index on tests.deals (contact_id);

  create table tests.deal_threads (
    workspace_id uuid not null,
    deal_id uuid not null,
    conversation_id uuid not null,
    primary key (workspace_id, deal_id),
    foreign key (workspace_id, deal_id) references tests.deals (workspace_id, id),
    foreign key (workspace_id, conversation_id) references crm.conversations (workspace_id, id) on delete cascade
  );
  create index on tests.deal_threads (conversation_id);

  -- Everything that the domain was told of, once for each time.
  create table tests.told (
    place bigint generated always as identity primary key,
    workspace_id uuid not null,
    what text not null,
    name text not null
  );

  create function crm_private.move_deals(p_merge crm.contact_merges) returns jsonb
  language plpgsql set search_path = '' as $$
  declare
    v_moved jsonb;
  begin
    perform from tests.deals d where d.contact_id = p_merge.duplicate_id order by d.id for no key update;
    with moved as (
      update tests.deals d set contact_id = p_merge.survivor_id where d.contact_id = p_merge.duplicate_id returning d.id
    )
    select coalesce(jsonb_agg(m.id order by m.id), '[]') into v_moved from moved m;
    return v_moved;
  end $$;

  create function crm_private.return_deals(p_merge crm.contact_merges) returns void
  language plpgsql set search_path = '' as $$
  begin
    perform from tests.deals d where d.contact_id = p_merge.survivor_id order by d.id for no key update;
    update tests.deals d set contact_id = p_merge.duplicate_id
    where d.contact_id = p_merge.survivor_id and p_merge.moved -> 'deals' ? d.id::text;
  end $$;

  create or replace function crm_private.contact_domains() returns text[]
  language sql immutable set search_path = '' as $$
    select array['conversations', 'deals'];
  $$;

  -- Told while the duplicate still has its row: the name says whether that is so.
  create function tests.move_deal_threads() returns trigger
  language plpgsql set search_path = '' as $$
  begin
    insert into tests.told (workspace_id, what, name)
    select m.workspace_id, 'thread', case when v.id is null then 'gone' else 'there' end
    from merged m
    left join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.duplicate_id;
    update tests.deal_threads t set conversation_id = m.survivor_id
    from merged m
    where t.workspace_id = m.workspace_id and t.conversation_id = m.duplicate_id;
    return null;
  end $$;
  create trigger move_deal_threads after insert on crm.conversation_merges
  referencing new table as merged for each statement execute function tests.move_deal_threads();

  create function tests.note_messages() returns trigger
  language plpgsql set search_path = '' as $$
  begin
    insert into tests.told (workspace_id, what, name)
    select s.workspace_id, 'message', s.provider_message_id from stored s;
    return null;
  end $$;
  create trigger note_messages after insert on crm.messages
  referencing new table as stored for each statement execute function tests.note_messages();

  create function tests.note_identities() returns trigger
  language plpgsql set search_path = '' as $$
  begin
    insert into tests.told (workspace_id, what, name)
    select s.workspace_id, 'identity', s.kind || ':' || s.value from stored s;
    return null;
  end $$;
  create trigger note_identities after insert on crm.contact_identities
  referencing new table as stored for each statement execute function tests.note_identities();
end $body$;

-- Takes it away again, but for crm_private.contact_domains(), whose definition the caller has kept.
create or replace function tests.remove_deals() returns void
language plpgsql set search_path = '' as $$
begin
  drop function tests.move_deal_threads(), tests.note_messages(), tests.note_identities() cascade;
  drop function crm_private.move_deals(crm.contact_merges), crm_private.return_deals(crm.contact_merges);
  drop table tests.deal_threads, tests.deals, tests.told;
end $$;

-- What a call of the domain does that links a row to a contact: it holds the contact for share, so that a merge waits or is
-- waited for, and follows the merge. Returns the deal's id.
create or replace function tests.open_deal(p_workspace_id uuid, p_contact_id uuid, p_name text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_contact_id uuid := p_contact_id;
  v_merged_into uuid;
  v_id uuid;
begin
  loop
    select c.merged_into_id into strict v_merged_into
    from crm.contacts c where c.workspace_id = p_workspace_id and c.id = v_contact_id
    for share;
    exit when v_merged_into is null;
    v_contact_id := v_merged_into;
  end loop;
  insert into tests.deals (workspace_id, contact_id, name) values (p_workspace_id, v_contact_id, p_name) returning id into v_id;
  return v_id;
end $$;

-- The same of a row that is linked to a thread. A thread that was merged away has no row, and its survivor is found by its id.
create or replace function tests.link_deal(p_workspace_id uuid, p_deal_id uuid, p_conversation_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_conversation_id uuid := p_conversation_id;
begin
  loop
    perform from crm.conversations v where v.workspace_id = p_workspace_id and v.id = v_conversation_id for share;
    exit when found;
    select m.survivor_id into strict v_conversation_id
    from crm.conversation_merges m where m.workspace_id = p_workspace_id and m.duplicate_id = v_conversation_id;
  end loop;
  insert into tests.deal_threads (workspace_id, deal_id, conversation_id) values (p_workspace_id, p_deal_id, v_conversation_id);
end $$;

-- What the made-up domain was told of workspace pgtap-acme since the last call of this, in the order of names.
create or replace function tests.told_since(p_what text) returns text[]
language plpgsql set search_path = '' as $$
declare
  v_names text[];
begin
  with told as (
    delete from tests.told t where t.workspace_id = tests.workspace_id() and t.what = p_what returning t.name
  )
  select coalesce(array_agg(t.name order by t.name), '{}') into v_names from told t;
  return v_names;
end $$;
