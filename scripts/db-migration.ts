/**
 * `npm run db:migration`: migrations from sql/.
 *
 * Before the first release it writes the one baseline again. After it, the baseline and every other released migration
 * stay as they are, and `npm run db:migration -- <name>` drafts a new one from the schema diff.
 * `--check` fails when the migrations are not what they should be; `--release <version>` marks them as released.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageVersion } from './check-version.ts'
import { baselineName, buildBaseline } from './lib/baseline.ts'
import { migrationsFolder, sqlFolder } from './lib/paths.ts'
import { type ProjectFolders, withProjectDatabases } from './lib/project-databases.ts'
import { changedReleases, readReleases, release } from './lib/releases.ts'
import { reportProblems } from './lib/report-problems.ts'
import { schemaDiff } from './lib/supabase-cli.ts'

const project: ProjectFolders = { sql: sqlFolder, migrations: migrationsFolder }

/**
 * Returns what is wrong with the migrations. Before the first release: a baseline that is not what sql/ gives.
 * After it: a released migration that was changed or removed (whether they still add up to sql/ is the drift check's).
 */
export async function checkMigrations(folders: ProjectFolders = project): Promise<string[]> {
  if ((await readReleases(folders.migrations)).length > 0) {
    const changed = await changedReleases(folders.migrations)
    return changed.map(
      ({ file, version }) => `${file} was released with ${version} and has changed. Restore it and write a new one.`,
    )
  }
  const actual = await readFile(join(folders.migrations, baselineName), 'utf8').catch(() => '')
  const isCurrent = actual === (await buildBaseline(folders.sql))
  return isCurrent ? [] : [`supabase/migrations/${baselineName} is not what sql/ gives. Run: npm run db:migration`]
}

/** Writes the baseline from sql/ and returns its file name. Throws once something has been released. */
export async function writeBaseline(folders: ProjectFolders = project): Promise<string> {
  if ((await readReleases(folders.migrations)).length > 0) {
    throw new Error('The baseline has been released. Give the new migration a name: npm run db:migration -- <name>')
  }
  await writeFile(join(folders.migrations, baselineName), await buildBaseline(folders.sql))
  return baselineName
}

/** Writes what the migrations lack as a new migration and returns its file name, or null when they lack nothing. */
export async function draftMigration(name: string, folders: ProjectFolders = project): Promise<string | null> {
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new Error('A migration is named in lower-case letters, digits and underscores.')
  if ((await readReleases(folders.migrations)).length === 0) {
    throw new Error('Nothing has been released yet: change sql/ and run npm run db:migration without a name.')
  }
  const diff = await withProjectDatabases(
    async ({ fromMigrations, fromSql }) => schemaDiff(await fromMigrations(), await fromSql()),
    folders,
  )
  if (!diff) return null
  const timestamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const file = `${timestamp}_${name}.sql`
  const header = '-- A draft from the schema diff: order, locks, data and default privileges are yours to review.'
  await writeFile(join(folders.migrations, file), `${header}\n\n${diff}\n`, { flag: 'wx' })
  return file
}

/** Returns a problem when the version to release is not that of package.json. */
async function wrongVersion(version: string): Promise<string[]> {
  const current = await packageVersion()
  return version === current
    ? []
    : [`package.json says ${current}. Write ${version} in every place first: docs/releasing.md`]
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean', default: false }, release: { type: 'string' } },
    allowPositionals: true,
  })
  const [name] = positionals
  if (values.check) {
    reportProblems(await checkMigrations(), 'migrations: current')
  } else if (values.release !== undefined) {
    const problems = [...(await checkMigrations()), ...(await wrongVersion(values.release))]
    if (problems.length > 0) return reportProblems(problems, '')
    const files = await release(migrationsFolder, values.release)
    console.log(files.length > 0 ? `Released with ${values.release}: ${files.join(', ')}` : 'Nothing new to release.')
  } else if (name !== undefined) {
    const file = await draftMigration(name)
    console.log(
      file
        ? `Drafted: supabase/migrations/${file}. Review it, then run npm run db:drift.`
        : 'The migrations lack nothing.',
    )
  } else {
    console.log(`Written: supabase/migrations/${await writeBaseline()}`)
  }
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
