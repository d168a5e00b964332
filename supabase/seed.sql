-- For `supabase start`, `supabase db reset` and preview branches: the accounts that the recorded webhooks of the demo are addressed to.
-- Rows that every database needs are in the migrations. May run again.
select crm.create_workspace('demo', 'Demo', 'CO');

select crm.connect_channel(w.id, a.channel, a.external_id, a.display_name)
from crm.workspaces w
cross join (values ('messenger', 'PAGE1', 'Demo page'), ('whatsapp', 'PN1', 'Demo number')) a (channel, external_id, display_name)
where w.slug = 'demo';
