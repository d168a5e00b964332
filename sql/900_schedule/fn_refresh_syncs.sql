create function crm_private.refresh_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 100,
  p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_pages jsonb[];
  v_exports jsonb[];
begin
  with due as materialized (
    select a.workspace_id, n.resource, a.channel, last_run.started_at, o.last_at, case a.channel
      when 'messenger' then jsonb_build_object('channelAccountId', a.id, 'mode', 'incremental')
      else jsonb_build_object('channelAccountId', a.id)
    end as body
    from crm.channel_accounts a
    cross join lateral (
      select a.channel || ':' || a.external_id || case a.channel when 'messenger' then ':conversations' else ':export' end as resource offset 0
    ) n
    cross join lateral (
      select r.status, r.started_at, r.mode = 'full' and r.items + r.rejected = 0 as found_nothing
      from crm.sync_runs r
      where r.workspace_id = a.workspace_id and r.resource = n.resource
      order by r.started_at desc
      limit 1
    ) last_run
    left join lateral (
      select x.high_watermark, x.called_at from crm.sync_state x where x.workspace_id = a.workspace_id and x.resource = n.resource offset 0
    ) s on true
    left join lateral (select x.token, x.expires_at from crm.sync_locks x where x.resource = n.resource offset 0) l on true
    -- One whose run never begins gets its turn, and no more than that.
    cross join lateral (select greatest(last_run.started_at, s.called_at) as last_at offset 0) o
    where a.channel in ('messenger', 'b2chat') and a.is_active
      -- A failed run waits for a person; one that is running or paused is for resume_syncs.
      and last_run.status = 'completed'
      and case a.channel
        -- Without a watermark it would be a full run again. An empty page has none, and costs one request.
        when 'messenger' then s.high_watermark is not null or last_run.found_nothing
        -- Each run asks for every day of the last two weeks again.
        else last_run.started_at <= p_now - interval '1 hour'
      end
      and (l.token is null or l.expires_at <= p_now)
    order by o.last_at
    limit p_limit
  ), noted as (
    update crm.sync_state s set
      called_at = p_now,
      called_since = case when s.called_since > d.started_at then s.called_since else p_now end
    from due d
    where s.workspace_id = d.workspace_id and s.resource = d.resource
  )
  select coalesce(array_agg(d.body order by d.last_at) filter (where d.channel = 'messenger'), '{}'),
    coalesce(array_agg(d.body order by d.last_at) filter (where d.channel = 'b2chat'), '{}')
  into v_pages, v_exports
  from due d;
  return crm_private.call_function(p_project_url, p_secret_name, 'conversation-sync', v_pages)
    + crm_private.call_function(p_project_url, p_secret_name, 'b2chat-sync', v_exports);
end;
$$;
comment on function crm_private.refresh_syncs(text, text, int, timestamptz) is
  'Calls the function of the channel for a new run of up to p_limit active accounts whose last run is completed and whose lock nobody holds, those that were read or called longest ago first: conversation-sync, incrementally, for Messenger pages that have been read to their end; b2chat-sync for B2Chat merchants whose last run began an hour ago or earlier. Notes the call in sync_state. Returns how many. Calls and errors are those of call_function.';
