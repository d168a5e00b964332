-- A numbering plan is read by one index look-up per call of crm.normalize_phone. Without the free space in its pages
-- the table is so small that the planner would read all of it each time.
create table crm_private.phone_plans (
  calling_code text collate "C" not null,
  ordinal smallint not null,
  country text collate "C" unique,
  lengths int[] not null,
  lengths_everywhere int[] not null,
  lengths_anywhere int[] not null,
  pattern text not null,
  first_digits text not null,
  idd_pattern text,
  idd_first_digits text,
  prefix_pattern text,
  prefix_first_digits text,
  prefix_transform text,
  leading_digits text,
  primary key (calling_code, ordinal),
  constraint ordinal_is_positive check (ordinal > 0)
) with (fillfactor = 10);

comment on table crm_private.phone_plans is
  'The numbering plans that crm.normalize_phone reads: one per country, and per calling code without a country.

Generated: see the data file beside it.';
comment on column crm_private.phone_plans.ordinal is
  'The order in which the countries of a shared calling code are tried. 1 is the code''s main country.';
comment on column crm_private.phone_plans.country is
  'ISO 3166-1 alpha-2. Null for a calling code without a country, such as 800.';
comment on column crm_private.phone_plans.lengths is 'How many digits a national number may have, ascending.';
comment on column crm_private.phone_plans.lengths_everywhere is
  'The lengths that are possible in every country of the calling code, whichever country the number belongs to.';
comment on column crm_private.phone_plans.lengths_anywhere is
  'The lengths possible in some country of the calling code, ascending.';
comment on column crm_private.phone_plans.pattern is 'What a whole national number looks like.';
comment on column crm_private.phone_plans.first_digits is 'The digits such a number can begin with.';
comment on column crm_private.phone_plans.idd_pattern is
  'What people in the country dial before an international number.';
comment on column crm_private.phone_plans.idd_first_digits is 'The digits idd_pattern can begin with.';
comment on column crm_private.phone_plans.prefix_pattern is
  'What people dial before a national number. Group 1 is all of it; further groups are parts of the number that stay.';
comment on column crm_private.phone_plans.prefix_first_digits is
  'The digits that a match of prefix_pattern can begin with.';
comment on column crm_private.phone_plans.prefix_transform is
  'What replaces the prefix when its last group matched, as regexp_replace writes it.';
comment on column crm_private.phone_plans.leading_digits is
  'For countries that share a calling code: what the numbers of this one begin with.';

create table crm_private.phone_types (
  calling_code text collate "C" not null,
  ordinal smallint not null,
  type_ordinal smallint not null,
  lengths int[] not null,
  pattern text not null,
  primary key (calling_code, ordinal, type_ordinal),
  foreign key (calling_code, ordinal) references crm_private.phone_plans (calling_code, ordinal) on delete cascade
);
comment on table crm_private.phone_types is
  'Number types, such as fixed lines, of countries that share a calling code and have no leading digits of their own.

They tell such countries apart.';
comment on column crm_private.phone_types.lengths is 'How many digits a number of this type may have.';
comment on column crm_private.phone_types.pattern is 'What a whole number of this type looks like.';
