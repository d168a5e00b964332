create function crm_private.link_orphans(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out examined int,
  out linked int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_orphans crm.conversations[];
  v_account crm.channel_accounts;
  v_items record;
begin
  v_orphans := array(
    select v
    from crm.conversations v
    where v.workspace_id = p_workspace_id and v.contact_id is null and v.id > p_after
    order by v.id
    limit p_limit);
  examined := cardinality(v_orphans);
  last_id := (v_orphans[examined]).id;
  linked := 0;

  for v_account in
    select a.*
    from crm.channel_accounts a
    where a.workspace_id = p_workspace_id and a.id in (select o.channel_account_id from unnest(v_orphans) o)
    order by a.id
  loop
    select o.* into v_items
    from crm_private.orphan_items(v_account, array(
      select o.id from unnest(v_orphans) o where o.channel_account_id = v_account.id order by o.id)) o;
    if v_items.items is not null then
      linked := linked + (
        select count(distinct (v_items.conversation_ids)[r.ordinal])
        from crm_private.ingest_items_isolated(v_account, v_items.items, clock_timestamp()) r
        where r.contact_id is not null);
    end if;
  end loop;
end;
$$;
comment on function crm_private.link_orphans(uuid, uuid, int) is
  'Links the next p_limit conversations after p_after that have no contact, where their participant can be found.

It delivers each participant again, without events: the rules and locks of any delivery decide. linked: how many have a
contact now. last_id: where the next call resumes.';
