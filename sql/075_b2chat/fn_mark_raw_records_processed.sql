create function crm_private.mark_raw_records_processed(p_rows crm.raw_records[], p_outcomes crm_private.raw_outcome[])
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  update crm.raw_records r set
    status = case o.outcome when 'failed' then 'failed' when 'skipped' then 'skipped' else 'done' end,
    attempts = r.attempts + 1,
    error = o.error,
    processed_at = clock_timestamp()
  from unnest(p_outcomes) o
  cross join lateral (select (p_rows[o.place]).*) c
  where r.workspace_id = c.workspace_id and r.channel_account_id = c.channel_account_id and r.entity = c.entity
    and r.external_id = c.external_id and r.content_hash = c.content_hash;
end;
$$;
comment on function crm_private.mark_raw_records_processed(crm.raw_records[], crm_private.raw_outcome[]) is
  'Writes what became of claimed records: done, skipped, or failed with the error.

attempts counts how often each record was tried.';
