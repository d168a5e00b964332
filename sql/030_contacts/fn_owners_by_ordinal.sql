create function crm_private.owners_by_ordinal(p_owned crm_private.item_owner[], p_count int)
returns uuid[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array(
    select o.contact_id
    from generate_series(1, p_count) i (ordinal)
    left join (
      select x.ordinal, min(x.contact_id::text)::uuid as contact_id
      from unnest(p_owned) x group by x.ordinal having count(*) = 1
    ) o on o.ordinal = i.ordinal
    order by i.ordinal);
end;
$$;
comment on function crm_private.owners_by_ordinal(crm_private.item_owner[], int) is
  'The one owner of each item''s identities, by ordinal; null where there is none or more than one.';
