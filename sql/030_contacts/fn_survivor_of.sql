create function crm_private.survivor_of(
  p_contact_id uuid,
  p_is_stub boolean,
  p_created_at timestamptz,
  p_other_id uuid,
  p_other_is_stub boolean,
  p_other_created_at timestamptz
)
returns uuid
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when row(p_is_stub, p_created_at, p_contact_id) < row(p_other_is_stub, p_other_created_at, p_other_id)
      then p_contact_id
    else p_other_id
  end;
end;
$$;
comment on function crm_private.survivor_of(uuid, boolean, timestamptz, uuid, boolean, timestamptz) is
  'Which of two contacts stays when they merge on their own: a full contact survives a stub; of two alike, the older.';
