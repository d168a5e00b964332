create function crm_private.parse_items(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_events crm_private.inbound_event[]
)
returns crm_private.inbound_item[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with newest as (
      select e.ordinal, max(e.occurred_at) as occurred_at, min(e.key collate "C") as key
      from unnest(p_events) e
      where e.problem is null
      group by e.ordinal
    ), read as materialized (
      select
        i.ordinal::int as ordinal,
        i.item,
        case
          when jsonb_typeof(i.item -> 'thread_id') = 'string' then nullif(btrim(i.item ->> 'thread_id'), '')
        end as thread_id,
        case when jsonb_typeof(i.item -> 'participant') = 'object' then i.item -> 'participant' end as participant,
        case when i.item ? 'updated_at' then crm_private.event_time(i.item ->> 'updated_at') end as updated_at
      from jsonb_array_elements(p_items) with ordinality i (item, ordinal)
    ), problems as (
      select p.ordinal, min(p.path) as path
      from crm_private.participant_problems(array(select r.participant from read r order by r.ordinal)) p
      group by p.ordinal
    ), checked as materialized (
      select r.*,
        case
          when jsonb_typeof(r.item) <> 'object' then '$'
          when r.item ? 'thread_id' and (r.thread_id is null or length(r.thread_id) > 512) then '$.thread_id'
          when r.item ? 'participant' and r.participant is null then '$.participant'
          when r.thread_id is null and r.participant is null then '$'
          when r.item ? 'events' and jsonb_typeof(r.item -> 'events') <> 'array' then '$.events'
          when r.item ? 'updated_at' and crm_private.plausible_time(r.updated_at) is null then '$.updated_at'
          else '$.participant' || p.path
        end as problem_path
      from read r
      left join problems p on p.ordinal = r.ordinal
    )
    select array_agg(row(
        c.ordinal, c.thread_id, case when c.problem_path is null then c.participant end,
        coalesce(c.updated_at, n.occurred_at),
        c.updated_at,
        p_account.channel || ':' || p_account.external_id || ':'
          || coalesce(n.key, 'thread:' || c.thread_id, 'participant'),
        case when c.problem_path is not null then 'invalid_item' end,
        c.problem_path
      )::crm_private.inbound_item order by c.ordinal)
    from checked c
    left join newest n on n.ordinal = c.ordinal
  );
end;
$$;
comment on function crm_private.parse_items(crm.channel_accounts, jsonb, crm_private.inbound_event[]) is
  'The items of a delivery as rows, in order; problem_path says what is wrong with one.

A problem of the item itself rejects the whole item.';
