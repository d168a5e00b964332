-- I6: of several merges into one contact, any can be undone, in any order; the others stand as if it had never been.
begin;
select plan(14);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:s@x.co}', jsonb_build_object('full_name', 'S', 'source_updated_at', tests.moment(1))));
select tests.upsert('contacts_api', tests.person('{email:d1@x.co,identification:CC1}', jsonb_build_object('full_name', 'D1', 'city', 'One', 'company', 'One', 'tags', '["one"]'::jsonb, 'source_updated_at', tests.moment(5))));
select tests.upsert('contacts_api', tests.person('{email:d2@x.co,identification:CC2}', jsonb_build_object('full_name', 'D2', 'city', 'Two', 'address', 'Two', 'tags', '["two"]'::jsonb, 'source_updated_at', tests.moment(3))));
select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:X}'));
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, status, evidence)
select tests.workspace_id(), least(d.id, x.id), greatest(d.id, x.id), 'open', jsonb_build_object('identities', jsonb_build_array(v.other))
from (values ('email:d1@x.co'), ('email:d2@x.co')) v (other), tests.contact(v.other) d, tests.contact('psid:X') x;

create function pg_temp.contacts() returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('id', c.id, 'merged', c.merged_into_id, 'fields', array[c.full_name, c.city, c.company, c.address, c.tags::text, c.identification],
      'sources', c.field_sources, 'identities', (select jsonb_agg(jsonb_build_array(i.kind, i.value, i.is_previous) order by i.kind, i.value) from crm.contact_identities i where i.contact_id = c.id),
      'candidates', (select jsonb_agg(jsonb_build_array(m.contact_a_id, m.contact_b_id, m.status, m.evidence -> 'identities') order by m.contact_a_id, m.contact_b_id) from crm.merge_candidates m
        where c.id in (m.contact_a_id, m.contact_b_id) and not m.evidence ? 'undone_merge' and m.status = 'open')) order by c.id)
  from crm.contacts c where c.workspace_id = tests.workspace_id()
$$;
-- How the contacts are when these were merged into S, one after the other, and then these merges were undone.
create function pg_temp.after(p_merged text[], p_undone text[]) returns jsonb language plpgsql as $$
declare
  v_name text;
  v_ids jsonb := '{}';
  v_contacts jsonb;
begin
  foreach v_name in array p_merged loop
    v_ids := v_ids || jsonb_build_object(v_name, tests.merge('email:s@x.co', v_name));
  end loop;
  foreach v_name in array p_undone loop
    perform crm.unmerge_contacts((v_ids ->> v_name)::uuid);
  end loop;
  v_contacts := pg_temp.contacts();
  raise sqlstate 'TT000';
exception when sqlstate 'TT000' then
  return v_contacts;
end $$;

select isnt(pg_temp.after(o.merged, '{}'), pg_temp.contacts(), format('merging %s changes the contacts', o.merged))
from (values ('{email:d1@x.co,email:d2@x.co}'::text[]), ('{email:d2@x.co,email:d1@x.co}')) o (merged);
-- X is in candidates with both: merged or parted, what is said of the pair of X and S is that decision.
create function pg_temp.comparable(p_contacts jsonb, p_merged text[]) returns jsonb language sql as $$
  select jsonb_agg(case when 'psid:X' = any (p_merged) then c.contact - 'candidates' else c.contact end) from jsonb_array_elements(p_contacts) c (contact)
$$;
select is(pg_temp.comparable(pg_temp.after(o.merged, o.undone), o.merged), pg_temp.comparable(pg_temp.after(o.kept, '{}'), o.merged),
  format('I6: merged %s, undone %s', o.merged, o.undone))
from (values
  ('{email:d1@x.co,email:d2@x.co}'::text[], '{email:d1@x.co}'::text[], '{email:d2@x.co}'::text[]),
  ('{email:d1@x.co,email:d2@x.co}', '{email:d2@x.co}', '{email:d1@x.co}'),
  ('{email:d2@x.co,email:d1@x.co}', '{email:d1@x.co}', '{email:d2@x.co}'),
  ('{email:d2@x.co,email:d1@x.co}', '{email:d2@x.co}', '{email:d1@x.co}'),
  ('{email:d1@x.co,email:d2@x.co}', '{email:d1@x.co,email:d2@x.co}', '{}'),
  ('{email:d1@x.co,email:d2@x.co}', '{email:d2@x.co,email:d1@x.co}', '{}'),
  ('{email:d2@x.co,email:d1@x.co}', '{email:d1@x.co,email:d2@x.co}', '{}'),
  ('{email:d1@x.co,email:d2@x.co,psid:X}', '{email:d1@x.co}', '{email:d2@x.co,psid:X}'),
  ('{email:d1@x.co,psid:X,email:d2@x.co}', '{psid:X}', '{email:d1@x.co,email:d2@x.co}')
) o (merged, undone, kept);

-- What a delivery wrote between two merges is nobody's to take back.
create temporary table merges as select tests.merge('email:s@x.co', 'email:d1@x.co') as first, null::uuid as second;
select tests.upsert('contacts_api', tests.person('{email:s@x.co}', jsonb_build_object('city', 'Ours', 'source_updated_at', tests.moment(6))));
update merges set second = tests.merge('email:s@x.co', 'email:d2@x.co');
select crm.unmerge_contacts(m.first), crm.unmerge_contacts(m.second) from merges m;
select is(row(c.full_name, c.city, c.company, c.address)::text, '(S,Ours,,)', 'I6: between two merges, a delivery') from tests.contact('email:s@x.co') c;
select is(row(c.full_name, c.city, c.company, c.identification)::text, '(D1,One,One,CC1)', 'I6: the first duplicate') from tests.contact('email:d1@x.co') c;
select is(row(c.full_name, c.city, c.address, c.identification)::text, '(D2,Two,Two,CC2)', 'I6: the second') from tests.contact('email:d2@x.co') c;

select * from finish();
rollback;
