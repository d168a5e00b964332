/** `npm run db:drift`: the migrations make the schema that sql/ says, or this fails and shows the difference. */
import { compareCatalogs, readCatalog } from './lib/catalog.ts'
import { type ProjectDatabases, withProjectDatabases } from './lib/project-databases.ts'
import { reportProblems } from './lib/report-problems.ts'
import { schemaDiff } from './lib/supabase-cli.ts'

/**
 * Returns what differs between sql/ and the migrations, empty when nothing does: the Supabase CLI's schema diff both
 * ways, and our own comparison for what that leaves out (default privileges, rows that the schema ships).
 */
export async function findDrift(databases: ProjectDatabases): Promise<string[]> {
  const [sql, migrations] = [await databases.fromSql(), await databases.fromMigrations()]
  const problems: string[] = []
  const missing = await schemaDiff(migrations, sql)
  if (missing) problems.push(`The migrations lack this to reach sql/:\n${missing}`)
  const surplus = await schemaDiff(sql, migrations)
  if (surplus && !missing) problems.push(`The migrations have this beyond sql/:\n${surplus}`)
  const facts = compareCatalogs(await readCatalog(migrations), await readCatalog(sql))
  // What the diff above shows in full is only named here.
  const shown = problems.length > 0 ? facts.map(shorten) : facts
  if (facts.length > 0) problems.push(`The catalogs differ (- migrations, + sql/):\n${shown.join('\n')}`)
  return problems
}

function shorten(line: string): string {
  const [first = ''] = line.split('\n')
  return first.length < line.length || first.length > 160 ? `${first.slice(0, 160)} …` : first
}

if (import.meta.main) reportProblems(await withProjectDatabases(findDrift), 'drift: none')
