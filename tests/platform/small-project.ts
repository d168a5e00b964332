import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { baselineName, buildBaseline } from '../../scripts/lib/baseline.ts'
import type { ProjectFolders } from '../../scripts/lib/project-databases.ts'

/** A schema with one of everything the drift check has to see. */
const files = {
  '010_base/10_tables.sql': `
    create schema crm;
    create schema crm_private;
    create table crm.notes (id int primary key, body text not null, constraint body_is_not_empty check (body <> ''));
    comment on table crm.notes is 'Notes.';
    insert into crm.notes values (1, 'first'), (2, 'second');
    alter table crm.notes enable row level security;
    create policy members_read on crm.notes for select to authenticated using (id > 0);
    grant usage on schema crm to authenticated;
    grant select on crm.notes to authenticated;`,
  '010_base/fn_shout.sql': `
    create function crm.shout(p_text text) returns text language sql immutable set search_path = '' as $$ select upper(p_text) $$;
    comment on function crm.shout(text) is 'The text in capitals.';`,
  '010_base/trg_trim.sql': `
    create function crm_private.trim_body() returns trigger language plpgsql set search_path = '' as $$
    begin new.body := btrim(new.body); return new; end $$;
    create trigger trim_body before insert or update on crm.notes for each row execute function crm_private.trim_body();`,
}

/** Writes the small project and its baseline to a temporary folder. `remove` deletes it. */
export async function makeSmallProject(): Promise<ProjectFolders & { remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'onefold-small-'))
  const folders = { sql: join(folder, 'sql'), migrations: join(folder, 'migrations') }
  for (const path of [folders.migrations, join(folders.sql, '010_base')]) await mkdir(path, { recursive: true })
  for (const [path, text] of Object.entries(files)) await writeFile(join(folders.sql, path), text)
  await writeFile(join(folders.migrations, baselineName), await buildBaseline(folders.sql))
  return { ...folders, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Changes that somebody might make to one side only, by what they are. */
export const changes = {
  'a changed function body': `create or replace function crm.shout(p_text text) returns text language sql immutable set search_path = ''
    as $$ select upper(p_text) || '!' $$`,
  'a dropped policy': 'drop policy members_read on crm.notes',
  'a weaker policy': 'alter policy members_read on crm.notes using (true)',
  'a policy for more roles': 'alter policy members_read on crm.notes to authenticated, anon',
  'a grant on a table': 'grant insert on crm.notes to authenticated',
  'a grant on one column': 'grant update (body) on crm.notes to authenticated',
  'a revoked execute': 'revoke execute on function crm.shout(text) from public',
  'a default privilege': 'alter default privileges in schema crm grant select on tables to anon',
  'row security switched off': 'alter table crm.notes disable row level security',
  'a function that became definer': 'alter function crm.shout(text) security definer',
  'a disabled trigger': 'alter table crm.notes disable trigger trim_body',
  'a changed comment': "comment on table crm.notes is 'Other notes.'",
  'a check left out': 'alter table crm.notes drop constraint body_is_not_empty',
  'an index more': 'create index on crm.notes (body)',
  'a nullable column': 'alter table crm.notes alter column body drop not null',
  'a reference row changed': "update crm.notes set body = 'another' where id = 2",
} as const
