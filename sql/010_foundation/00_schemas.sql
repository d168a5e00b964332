-- crm is the API that PostgREST exposes; crm_private holds what no client may call.
create schema crm;
comment on schema crm is 'Onefold''s API: tables read under row level security, monitoring views, RPC functions. Nothing is written except through the functions.';

create schema crm_private;
comment on schema crm_private is 'Onefold''s rules. Never exposed: clients reach them only through the functions of schema crm.';
