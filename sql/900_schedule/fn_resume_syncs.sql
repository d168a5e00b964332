create function crm_private.resume_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 20,
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
  select coalesce(array_agg(d.body) filter (where d.channel = 'messenger'), '{}'), coalesce(array_agg(d.body) filter (where d.channel = 'b2chat'), '{}')
  into v_pages, v_exports
  from (
    select a.channel, case a.channel
      when 'messenger' then jsonb_build_object('channelAccountId', r.channel_account_id, 'resumeSession', r.id)
      else jsonb_build_object('channelAccountId', r.channel_account_id)
    end as body
    from crm.sync_runs r
    join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id and a.is_active
    left join crm.sync_locks l on l.resource = r.resource
    where (r.status = 'running' or r.status = 'paused' and (r.resume_at is null or r.resume_at <= p_now))
      -- b2chat-sync goes on with the run of this resource, whichever it is, and with no other.
      and (a.channel = 'messenger' or r.resource = 'b2chat:' || a.external_id || ':export')
      -- Whoever works on it holds its lock; a process that died held it until the lease was over.
      and (l.token is null or l.expires_at <= p_now)
    -- Runs that cannot start must not keep the others from their turn every time.
    order by random()
    limit p_limit
  ) d;
  return crm_private.call_function(p_project_url, p_secret_name, 'conversation-sync', v_pages)
    + crm_private.call_function(p_project_url, p_secret_name, 'b2chat-sync', v_exports);
end;
$$;
comment on function crm_private.resume_syncs(text, text, int, timestamptz) is
  'Calls the function of the channel (conversation-sync, b2chat-sync) for up to p_limit runs that nobody works on: those paused and due, and those whose process died (their lease is over). Returns how many. Calls and errors are those of call_function.';
