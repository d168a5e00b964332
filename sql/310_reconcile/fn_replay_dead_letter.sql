-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.replay_dead_letter(p_dead_letter_id uuid, p_workspace_id uuid default null)
returns table (replayed boolean, error jsonb)
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_letter crm.dead_letters;
  v_account crm.channel_accounts;
begin
  select d.workspace_id into v_workspace_id
  from crm.dead_letters d
  where d.id = p_dead_letter_id and (p_workspace_id is null or d.workspace_id = p_workspace_id);
  perform crm_private.require_member(v_workspace_id, 'admin');

  select d.* into v_letter
  from crm.dead_letters d
  where d.id = p_dead_letter_id and (p_workspace_id is null or d.workspace_id = p_workspace_id)
  for update;
  if not found then
    perform crm_private.raise_not_found('dead_letter', 'There is no such dead letter.',
      'Look its id up again in crm.dead_letters.');
  end if;

  if v_letter.status = 'discarded' then
    error := jsonb_build_object('code', 'discarded');
  elsif v_letter.status = 'open' then
    select a.* into v_account
    from crm.channel_accounts a
    where a.channel = v_letter.channel and a.external_id = v_letter.account_external_id;
    error := (crm_private.replay_account_letters(v_account, array[v_letter], clock_timestamp()))[1];
    perform crm_private.record_replay_outcomes(array[v_letter], array[error]);
  end if;
  replayed := error is null;
  return next;
end;
$$;
comment on function crm.replay_dead_letter(uuid, uuid) is
  'Ingests one dead letter again. For admins.

replayed: the item is stored, now or before. Otherwise error says why not: {code, path?, events?, sqlstate?}. The code
needs_translation means that only translation can read the item; discarded means that a person decided against it.

PT401, PT403, PT404 not_found.';
