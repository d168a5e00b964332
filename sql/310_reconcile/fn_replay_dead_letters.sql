create function crm.replay_dead_letters(p_limit int default 100)
returns table (replayed int, failed int)
language plpgsql
set search_path = ''
as $$
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 500 dead letters.');
  end if;
  return query select r.replayed, r.failed from crm_private.replay_due_letters(p_limit, clock_timestamp()) r;
end;
$$;
comment on function crm.replay_dead_letters(int) is
  'Ingests up to p_limit open dead letters of active accounts again, with about 2,000 events.

Those never tried come first, then those tried longest ago. replayed: stored now, or known meanwhile. failed: still
open; replay_error says why. What only translation can read fails once and is skipped from then on. Several calls may
run at once: each letter is replayed by one.

PT400 invalid_input.';
