-- I23: which delivery and which rule attached each identity, wrote each field, made each merge.
begin;
select plan(20);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana", "custom_attributes": {"plan": "gold"}}'), tests.said('m1', 1)));
select tests.upsert('contacts_api', tests.person('{psid@pgtap-page:P1,email:a@x.co}', '{"city": "Cali", "tags": ["vip"], "delivery": "export 7", "source_updated_at": "2025-01-02T00:00:00Z"}'));
select tests.upsert('chat_embedded', tests.person('{phone:+573001112233}', '{"company": "Acme", "delivery": "chat 9", "source_updated_at": "2025-01-03T00:00:00Z"}'));
create temporary table ids as select (tests.contact('psid:P1')).id as survivor, (tests.contact('phone:+573001112233')).id as duplicate, null::uuid as merge;
create function pg_temp.identity(p_explained jsonb, p_value text) returns jsonb language sql as $$
  select i.identity from jsonb_array_elements(p_explained -> 'identities') i (identity) where i.identity ->> 'value' = p_value
$$;

select is((select array_agg(k.key order by k.key) from jsonb_object_keys(e) k (key)), '{candidates,contact_id,fields,identities,merged_into_id,merges}', 'the answer''s keys')
from ids i, crm.explain_contact(i.survivor) e;
select is(row(e ->> 'contact_id', e ->> 'merged_into_id')::text, row(i.survivor, null)::text, 'who it is') from ids i, crm.explain_contact(i.survivor) e;
select is(pg_temp.identity(e, 'P1') - 'first_seen_at', '{"kind": "psid", "scope": "pgtap-page", "value": "P1", "rule": "created", "source": "chat_embedded",
  "delivery": "messenger:pgtap-page:message:m1", "is_previous": false, "merge_id": null}', 'I23: the identity that made the contact') from ids i, crm.explain_contact(i.survivor) e;
select isnt(pg_temp.identity(e, 'P1') -> 'first_seen_at', 'null', 'I23: and when') from ids i, crm.explain_contact(i.survivor) e;
select is(pg_temp.identity(e, 'a@x.co') - 'first_seen_at', '{"kind": "email", "scope": "", "value": "a@x.co", "rule": "attached", "source": "contacts_api", "delivery": "export 7",
  "is_previous": false, "merge_id": null}', 'I23: one that was attached to it') from ids i, crm.explain_contact(i.survivor) e;
select is(e #>> '{fields,full_name,value}' || ' ' || (e #>> '{fields,full_name,source}') || ' ' || (e #>> '{fields,full_name,delivery}'), 'Ana chat_embedded messenger:pgtap-page:message:m1',
  'I23: a field that a chat wrote') from ids i, crm.explain_contact(i.survivor) e;
select is(e #> '{fields,city}', '{"value": "Cali", "source": "contacts_api", "at": "2025-01-02T00:00:00+00:00", "delivery": "export 7"}', 'I23: a field that the API wrote')
from ids i, crm.explain_contact(i.survivor) e;
select is(array[e #>> '{fields,tags,value,0}', e #>> '{fields,custom_attributes.plan,value}'], '{vip,gold}', 'I23: tags and attributes') from ids i, crm.explain_contact(i.survivor) e;
select ok(not e -> 'fields' ? 'company', 'what nobody said is no field') from ids i, crm.explain_contact(i.survivor) e;
select is(row(e -> 'merges', e -> 'candidates')::text, '([],[])', 'nothing was merged, nothing is suspected') from ids i, crm.explain_contact(i.survivor) e;

-- After a merge.
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence) select tests.workspace_id(), least(i.survivor, i.duplicate), greatest(i.survivor, i.duplicate), '{"identities": []}' from ids i;
select is((e #> '{candidates,0}') - '{candidate_id,created_at}'::text[], jsonb_build_object('other_contact_id', i.duplicate, 'status', 'open', 'evidence', '{"identities": []}'::jsonb, 'decided_at', null),
  'I23: a suspicion') from ids i, crm.explain_contact(i.survivor) e;
update ids set merge = tests.merge('psid:P1', 'phone:+573001112233');
select is(pg_temp.identity(e, '+573001112233') ->> 'merge_id', i.merge::text, 'I23: an identity that a merge brought') from ids i, crm.explain_contact(i.survivor) e;
select is(pg_temp.identity(e, '+573001112233') ->> 'delivery', 'chat 9', 'I23: still says what brought it first') from ids i, crm.explain_contact(i.survivor) e;
select is(e #>> '{fields,company,delivery}', 'chat 9', 'I23: and so does a field') from ids i, crm.explain_contact(i.survivor) e;
select is((e #> '{merges,0}') - 'merged_at', jsonb_build_object('merge_id', i.merge, 'role', 'survivor', 'other_contact_id', i.duplicate, 'reason', 'they are one person', 'merged_by', 'service_role', 'undone_at', null),
  'I23: the merge') from ids i, crm.explain_contact(i.survivor) e;
select is(row(e ->> 'merged_into_id', e -> 'identities', e #>> '{merges,0,role}', e #>> '{merges,0,other_contact_id}')::text, row(i.survivor, '[]', 'duplicate', i.survivor)::text,
  'I23: the other side of it') from ids i, crm.explain_contact(i.duplicate) e;
select is(e #>> '{candidates,0,status}', 'merged', 'I23: and of the suspicion') from ids i, crm.explain_contact(i.duplicate) e;

-- After the undo.
select crm.unmerge_contacts(i.merge) from ids i;
select is(row(pg_temp.identity(e, '+573001112233'), e #> '{fields,company}', e #>> '{merges,0,undone_at}' is not null, e #>> '{candidates,0,status}')::text, '(,,t,rejected)',
  'I23: undone, the survivor has what it had') from ids i, crm.explain_contact(i.survivor) e;
select is(row(pg_temp.identity(e, '+573001112233') -> 'merge_id', e ->> 'merged_into_id', e #>> '{fields,company,value}')::text, '(null,,Acme)', 'I23: and so has the duplicate') from ids i, crm.explain_contact(i.duplicate) e;

-- A field from before sources were kept.
update crm.contacts c set field_sources = '{}' from ids i where c.id = i.survivor;
select is(e #> '{fields,city}', '{"value": "Cali", "source": "contacts_api", "at": null, "delivery": null}', 'I23: where nothing is known but the contact''s source, it says so') from ids i, crm.explain_contact(i.survivor) e;

select * from finish();
rollback;
