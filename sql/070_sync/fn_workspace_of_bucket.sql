create function crm_private.workspace_of_bucket(p_bucket text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select a.workspace_id
    from regexp_match(p_bucket, '^([^:]+):(.+)$') m (part)
    join crm.channel_accounts a on a.channel = m.part[1] and a.external_id = m.part[2]
  );
end;
$$;
comment on function crm_private.workspace_of_bucket(text) is
  'The workspace of the channel account that a rate limit bucket is named after. Null when it names none.';
