create function crm_private.channel_syncs()
returns table (
  channel text,
  what text,
  function_name text,
  min_interval interval,
  needs_watermark boolean
)
language sql
immutable
set search_path = ''
as $$
  values
    ('messenger', 'conversations', 'conversation-sync', interval '0', true),
    ('b2chat', 'export', 'b2chat-sync', interval '1 hour', false);
$$;
comment on function crm_private.channel_syncs() is
  'The registry of syncs: at most one of each channel. A channel without a row has no sync.

what: the last part of the resource, <channel>:<external id>:<what>. function_name: the Edge Function that runs it.
min_interval: a scheduled run begins no sooner after the last one began.
needs_watermark: without a high watermark a scheduled run would read everything again, so none begins.';
