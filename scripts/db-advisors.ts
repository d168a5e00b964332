/** `npm run db:advisors`: Supabase's security and performance advisors on the migrations; any warning or error fails. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Finding, readAdvisors } from './lib/advisors.ts'
import { withProjectDatabases } from './lib/project-databases.ts'
import { textTable } from './lib/text-table.ts'

const allowFile = new URL('advisors.allow.json', import.meta.url)

const allowList = z.array(z.strictObject({ lint: z.string(), object: z.string(), reason: z.string().min(20) }))

/** A finding that is as intended, with the reason. One that matches nothing any more is itself a problem. */
export type AllowedFinding = z.infer<typeof allowList>[number]

export interface AdvisorReport {
  warnings: Finding[]
  /** Allowed findings that the advisors no longer make. */
  stale: AllowedFinding[]
  /** How many findings the allow-list covers. */
  allowed: number
  infos: Finding[]
}

/** Sorts the findings into warnings (with errors), allowed ones and infos. */
export function judgeFindings(findings: readonly Finding[], allow: readonly AllowedFinding[]): AdvisorReport {
  const covers = (entry: AllowedFinding, finding: Finding) =>
    entry.lint === finding.lint && entry.object === finding.object
  const serious = findings.filter(({ level }) => level !== 'INFO')
  const warnings = serious.filter((finding) => !allow.some((entry) => covers(entry, finding)))
  return {
    warnings,
    stale: allow.filter((entry) => !serious.some((finding) => covers(entry, finding))),
    allowed: serious.length - warnings.length,
    infos: findings.filter(({ level }) => level === 'INFO'),
  }
}

/** Runs the advisors on the database and holds them against advisors.allow.json. */
export async function checkAdvisors(url: string): Promise<AdvisorReport> {
  const allow = allowList.parse(JSON.parse(await readFile(allowFile, 'utf8')))
  return judgeFindings(await readAdvisors(url), allow)
}

/** Returns the report for a terminal: a table, then one line `advisors: N warnings`. */
export function describeAdvisors({ warnings, stale, allowed, infos }: AdvisorReport): string {
  const rows = [
    ...[...warnings, ...infos].map(({ level, lint, object, detail }) => [level, lint, object, detail]),
    ...stale.map(({ lint, object }) => [
      'STALE',
      lint,
      object,
      'allowed in advisors.allow.json, but not found any more',
    ]),
  ]
  const note = [allowed > 0 ? `${allowed} allowed` : '', infos.length > 0 ? `${infos.length} infos` : '']
  return [
    ...(rows.length > 0 ? [textTable(['level', 'lint', 'object', 'detail'], rows)] : []),
    ...note.filter(Boolean).map((text) => `(${text})`),
    `advisors: ${warnings.length} warnings`,
  ].join('\n')
}

/** Says whether the report lets a check pass. */
export function isClean({ warnings, stale }: AdvisorReport): boolean {
  return warnings.length === 0 && stale.length === 0
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { url: { type: 'string' } } })
  const report = values.url
    ? await checkAdvisors(values.url)
    : await withProjectDatabases(async ({ fromMigrations }) => checkAdvisors(await fromMigrations()))
  console.log(describeAdvisors(report))
  if (!isClean(report)) process.exitCode = 1
}
