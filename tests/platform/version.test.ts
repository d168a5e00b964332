import { describe, expect, test } from 'vitest'
import { checkVersion, type VersionPlaces, versionProblems } from '../../scripts/check-version.ts'

const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n- More.\n\n## [0.2.0] - 2027-01-31\n\n- Much.\n\n## [0.1.0] - 2026-12-24\n'

/** A project whose version 0.2.0 has been released. */
const RELEASED: VersionPlaces = {
  package: '0.2.0',
  lockfile: ['0.2.0', '0.2.0'],
  schema: '0.2.0',
  client: '0.2.0',
  changelog: CHANGELOG,
  released: ['0.1.0', '0.2.0', '0.2.0'],
}
const withDate = (date: string) => CHANGELOG.replace('2027-01-31', date)

test('the version of this project is the same everywhere', async () => {
  expect(await checkVersion()).toEqual([])
})

describe('a version', () => {
  test('is right when every place has it, also above changes that are not released', () => {
    expect(versionProblems(RELEASED)).toEqual([])
  })

  test.each<[string, Partial<VersionPlaces>, string]>([
    ['package.json', { package: '0.3.0', lockfile: ['0.3.0', '0.3.0'] }, 'fn_schema_version'],
    ['the lockfile', { lockfile: ['0.2.0', '0.1.0'] }, 'package-lock.json'],
    ['the SQL function', { schema: '0.1.0' }, 'fn_schema_version.sql'],
    ['a SQL function that gives none', { schema: undefined }, 'fn_schema_version.sql says none'],
    ['the client', { client: '0.2.1' }, 'CLIENT_VERSION'],
    ['the list of releases', { released: ['0.1.0'] }, 'RELEASED says 0.1.0'],
    ['the changelog', { changelog: CHANGELOG.replace('0.2.0', '0.2.1') }, 'CHANGELOG.md 0.2.1'],
    ['a changelog without versions', { changelog: '# Changelog\n' }, 'CHANGELOG.md none'],
  ])('is wrong when it differs in %s', (_, places, problem) => {
    expect(versionProblems({ ...RELEASED, ...places }).join('\n')).toContain(problem)
  })

  test('needs no list of releases, and no date in the changelog, before the first release', () => {
    const before = { ...RELEASED, released: [] }
    expect(versionProblems(before)).toEqual([])
    expect(versionProblems({ ...before, changelog: withDate('Unreleased') })).toEqual([])
    expect(versionProblems({ ...before, changelog: withDate('soon') })).toHaveLength(1)
  })

  test('that was released has the date of that in the changelog', () => {
    expect(versionProblems({ ...RELEASED, changelog: withDate('Unreleased') })).toEqual([
      expect.stringContaining('0.2.0 has no date'),
    ])
  })
})
