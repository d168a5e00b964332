/** Every table, view and function of schema crm says what it is: `comment on`. */
import { Client } from 'pg'
import { z } from 'zod'
import { type ProjectDatabases, withProjectDatabases } from './lib/project-databases.ts'
import { reportProblems } from './lib/report-problems.ts'

const uncommented = `
  select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind, c.oid::regclass::text as name
  from pg_class c
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and nullif(btrim(obj_description(c.oid, 'pg_class')), '') is null
  union all
  select 'function', p.oid::regprocedure::text
  from pg_proc p
  where p.pronamespace = 'crm'::regnamespace and nullif(btrim(obj_description(p.oid, 'pg_proc')), '') is null
  order by 1, 2`

const rows = z.array(z.object({ kind: z.string(), name: z.string() }))

/** Returns one problem per object of schema crm that has no comment. */
export async function checkComments(databases: ProjectDatabases): Promise<string[]> {
  const client = new Client({ connectionString: await databases.fromMigrations() })
  await client.connect()
  try {
    const found = rows.parse((await client.query(uncommented)).rows)
    return found.map(({ kind, name }) => `There is no comment on ${kind} ${name}.`)
  } finally {
    await client.end()
  }
}

if (import.meta.main) reportProblems(await withProjectDatabases(checkComments), 'comments: complete')
