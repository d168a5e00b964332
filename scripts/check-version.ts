/** The version of a release is written in several places, and all of them say the same. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { CLIENT_VERSION } from '../src/crm/schema-version.ts'
import { migrationsFolder, root, sqlFolder } from './lib/paths.ts'
import { readReleases } from './lib/releases.ts'
import { reportProblems } from './lib/report-problems.ts'

/** What each place says; undefined where it says no version. */
export interface VersionPlaces {
  /** The one that the others follow. */
  package: string
  lockfile: readonly (string | undefined)[]
  /** crm.schema_version(). */
  schema: string | undefined
  client: string
  /** The text of CHANGELOG.md. */
  changelog: string
  /** The versions of supabase/migrations/RELEASED, in order. */
  released: readonly string[]
}

/** Returns what differs from the version of package.json. */
export function versionProblems(places: VersionPlaces): string[] {
  const { package: version, released } = places
  const said: [place: string, version: string | undefined][] = [
    ...places.lockfile.map((one): [string, string | undefined] => ['package-lock.json', one]),
    ['sql/010_foundation/fn_schema_version.sql', places.schema],
    ['CLIENT_VERSION in src/crm/schema-version.ts', places.client],
    ...(released.length === 0 ? [] : [['supabase/migrations/RELEASED', released.at(-1)] satisfies [string, unknown]]),
  ]
  const problems = said
    .filter(([, one]) => one !== version)
    .map(([place, one]) => `package.json says ${version}, ${place} says ${one ?? 'none'}.`)
  return [...problems, ...changelogProblems(places.changelog, version, released.includes(version))]
}

/** The newest heading with a number is the version's, and has a date once that is released. */
function changelogProblems(changelog: string, version: string, isReleased: boolean): string[] {
  const [, newest, date = ''] = /^## \[(\d[^\]]*)\] - (.*)$/m.exec(changelog) ?? []
  if (newest !== version)
    return [`package.json says ${version}, the newest heading of CHANGELOG.md ${newest ?? 'none'}.`]
  const wanted = isReleased ? /^\d{4}-\d{2}-\d{2}$/ : /^(\d{4}-\d{2}-\d{2}|Unreleased)$/
  return wanted.test(date) ? [] : [`CHANGELOG.md: ${version} has no date (YYYY-MM-DD), but "${date}".`]
}

const Package = z.object({ version: z.string() })
const Lockfile = z.object({ version: z.string(), packages: z.object({ '': Package }) })

/** The version of package.json. */
export async function packageVersion(): Promise<string> {
  return Package.parse(JSON.parse(await readFile(`${root}package.json`, 'utf8'))).version
}

/** Returns what disagrees about the version. */
export async function checkVersion(): Promise<string[]> {
  const read = (file: string) => readFile(file, 'utf8')
  const lockfile = Lockfile.parse(JSON.parse(await read(`${root}package-lock.json`)))
  const sql = await read(`${sqlFolder}/010_foundation/fn_schema_version.sql`)
  return versionProblems({
    package: await packageVersion(),
    lockfile: [lockfile.version, lockfile.packages[''].version],
    schema: /select '([^']*)'/.exec(sql)?.[1],
    client: CLIENT_VERSION,
    changelog: await read(`${root}CHANGELOG.md`),
    released: (await readReleases(migrationsFolder)).map(({ version }) => version),
  })
}

if (import.meta.main) reportProblems(await checkVersion(), 'version: the same everywhere')
