create table crm.contacts (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  full_name text,
  email text,
  phone text,
  mobile text,
  landline text,
  phone_normalized text,
  wa_id text,
  identification text,
  address text,
  city text,
  country text,
  company text,
  merchant_id text,
  tags jsonb not null default '[]',
  custom_attributes jsonb not null default '{}',
  sync_source text not null default 'contacts_api',
  needs_full_sync boolean not null default false,
  last_sync_at timestamptz,
  field_sources jsonb not null default '{}',
  source_created_at timestamptz,
  source_updated_at timestamptz,
  version bigint not null default 1,
  merged_into_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  constraint merged_into_fkey foreign key (workspace_id, merged_into_id) references crm.contacts (workspace_id, id),
  constraint sync_source_is_valid check (sync_source in ('contacts_api', 'chat_embedded', 'upgraded')),
  constraint stub_needs_full_sync check (needs_full_sync = (sync_source = 'chat_embedded')),
  constraint not_merged_into_itself check (merged_into_id <> id),
  constraint tags_is_array check (jsonb_typeof(tags) = 'array'),
  constraint custom_attributes_is_object check (jsonb_typeof(custom_attributes) = 'object'),
  constraint field_sources_is_object check (jsonb_typeof(field_sources) = 'object')
) with (fillfactor = 85);
comment on table crm.contacts is
  'One person as the workspace knows them. A row with merged_into_id set is history: its references live on the contact
it was merged into.';
comment on column crm.contacts.sync_source is
  'chat_embedded: a stub, created from a chat; contacts_api: created by the Contacts API; upgraded: was a stub, is full
now.';
comment on column crm.contacts.field_sources is
  '{field: {source, at, delivery}}: who last wrote each field, when by the source''s clock, from which delivery. Custom
attributes are listed as custom_attributes.<name>, and each identification that was given as identification.<value>: the
newest of them counts.';
comment on column crm.contacts.wa_id is
  'The WhatsApp number among the identities that no id change has replaced; of several the greatest, so that the order
of arrival does not matter.';
comment on column crm.contacts.identification is
  'The identification among the identities that counts: the one that the source named last, by field_sources.';
comment on column crm.contacts.phone_normalized is
  'The mobile, or else the phone, in E.164, kept by trigger; null when it is no possible number.';
create index contacts_id_idx on crm.contacts (id);
create index contacts_merged_into_idx on crm.contacts (merged_into_id) where merged_into_id is not null;
create index contacts_with_phone_idx on crm.contacts (workspace_id, id)
  where (mobile is not null or phone is not null) and merged_into_id is null;
create index contacts_needing_sync_idx on crm.contacts (workspace_id, created_at)
  where needs_full_sync and merged_into_id is null;

create table crm.contact_identities (
  workspace_id uuid not null,
  kind text not null,
  scope text not null default '',
  value text not null collate "C",
  contact_id uuid not null,
  source text not null,
  rule text not null,
  delivery text,
  is_previous boolean not null default false,
  is_outranked boolean not null default false,
  first_seen_at timestamptz not null default now(),
  primary key (workspace_id, kind, scope, value),
  -- Claimed before the contact's row exists, so that no loser row is ever left behind.
  constraint contact_fkey foreign key (workspace_id, contact_id) references crm.contacts (workspace_id, id)
    on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind = any (crm_private.kind_names())),
  constraint value_is_not_empty check (value <> ''),
  constraint outranked_is_previous check (is_previous or not is_outranked)
);
comment on table crm.contact_identities is 'The dedup index of contacts: one identity points at one contact.';
comment on column crm.contact_identities.scope is
  'The page of a psid, the WABA or business of a bsuid, the id space of a b2chat_id; empty where the kind has none.';
comment on column crm.contact_identities.rule is
  'Which rule attached it: created (with its contact), attached (nobody owned it), id_change (the provider said the
person''s id changed), backfill (backfill_phones).';
comment on column crm.contact_identities.is_previous is
  'A delivery said that the person has changed this id for another, or a merge found a current one beside it, or it is
outranked.';
comment on column crm.contact_identities.is_outranked is
  'An identification that is previous only because the source named another one of the person later. It counts again
when that changes.';
create index contact_identities_contact_idx on crm.contact_identities (contact_id);

create table crm.blocked_identity_values (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  kind text not null,
  pattern text not null,
  created_at timestamptz not null default now(),
  constraint blocked_identity_values_key unique nulls not distinct (workspace_id, kind, pattern),
  constraint kind_is_valid check (kind = '*' or kind = any (crm_private.kind_names())),
  -- What is no regular expression fails here, not in the middle of an ingest.
  constraint pattern_is_a_regular_expression check (('' ~* ('^(?:' || pattern || ')$')) is not null),
  constraint pattern_refers_to_nothing check (pattern !~ '\\[1-9]')
);
comment on table crm.blocked_identity_values is 'Values that are never identities, for all workspaces or for one.';
comment on column crm.blocked_identity_values.kind is 'The kind it holds for, or * for every kind.';
comment on column crm.blocked_identity_values.pattern is
  'A regular expression that the whole value must match, upper or lower case.';

insert into crm.blocked_identity_values (kind, pattern) values
  ('*', 'hidden'),
  ('*', 'anonymous'),
  ('*', 'unknown'),
  ('*', 'private'),
  ('*', 'null|undefined|none|n/a'),
  ('*', '\+?0+');

create table crm.contact_merges (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  survivor_id uuid not null,
  duplicate_id uuid not null,
  reason text not null,
  merged_by text not null,
  moved jsonb not null,
  merged_at timestamptz not null default now(),
  undone_at timestamptz,
  primary key (workspace_id, id),
  constraint survivor_fkey foreign key (workspace_id, survivor_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint duplicate_fkey foreign key (workspace_id, duplicate_id) references crm.contacts (workspace_id, id)
    on delete cascade
);
comment on table crm.contact_merges is 'Every merge of two contacts, with what it moved.';
comment on column crm.contact_merges.moved is
  '{identities, conversations, candidates, pair, survivor, duplicate}: what moved to the survivor, the pair''s merge
candidate and both contacts'' fields as they were before. identities also has those that came since with the
duplicate''s own.';
create index contact_merges_id_idx on crm.contact_merges (id);
create index contact_merges_survivor_idx on crm.contact_merges (survivor_id);
create index contact_merges_duplicate_idx on crm.contact_merges (duplicate_id);

create table crm.merge_candidates (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  contact_a_id uuid not null,
  contact_b_id uuid not null,
  status text not null default 'open',
  evidence jsonb not null default '{}',
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, contact_a_id, contact_b_id),
  constraint contact_a_fkey foreign key (workspace_id, contact_a_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint contact_b_fkey foreign key (workspace_id, contact_b_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint pair_is_ordered check (contact_a_id < contact_b_id),
  constraint status_is_valid check (status in ('open', 'merged', 'rejected'))
);
comment on table crm.merge_candidates is 'Pairs of contacts that may be one person and need somebody''s decision.';
create index merge_candidates_id_idx on crm.merge_candidates (id);
create index merge_candidates_open_idx on crm.merge_candidates (workspace_id, id) where status = 'open';
create index merge_candidates_contact_b_idx on crm.merge_candidates (contact_b_id);
