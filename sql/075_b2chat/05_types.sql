create type crm_private.raw_outcome as (
  place int,
  outcome text,
  error jsonb
);
comment on type crm_private.raw_outcome is
  'What became of a raw record, by its place in the array of claimed records.

outcome: created, updated, upgraded, skipped or failed. error: only of a failed one.';
