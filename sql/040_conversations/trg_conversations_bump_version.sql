create trigger bump_version
before update on crm.conversations
for each row execute function crm_private.bump_version();
