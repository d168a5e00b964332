-- crm is the API that PostgREST exposes; crm_private holds what no client may call.
create schema crm;
comment on schema crm is
  'Onefold''s API: tables under row level security, monitoring views and RPC functions. Only the functions write.';

create schema crm_private;
comment on schema crm_private is
  'Onefold''s rules, never exposed. Clients reach them only through the functions of schema crm.';
