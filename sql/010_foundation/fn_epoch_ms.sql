create function crm_private.epoch_ms(p_at timestamptz)
returns bigint
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (extract(epoch from p_at) * 1000)::bigint;
end;
$$;
comment on function crm_private.epoch_ms(timestamptz) is 'The time in milliseconds since 1970, rounded.';
