/**
 * Kinds, channels and settings are named in the registries (sql/015_catalog, src/contract) and nowhere else: a rule that
 * lists them again forgets the next one. Files that rightly name one are in literals.allow.json, with the reason.
 */
import { glob, readFile } from 'node:fs/promises'
import { Client } from 'pg'
import { z } from 'zod'
import { root } from './lib/paths.ts'
import { type ProjectDatabases, withProjectDatabases } from './lib/project-databases.ts'
import { reportProblems } from './lib/report-problems.ts'
import { type StringLiteral, sqlLiterals, tsLiterals } from './lib/string-literals.ts'

const allowList = z.array(
  z.strictObject({ file: z.string(), literals: z.array(z.string()).nonempty(), reason: z.string().min(20) }),
)

/** A file and the registered names that it may write. */
export type Allowance = z.infer<typeof allowList>[number]

/** A registered name in a string literal of a file. */
export interface Use {
  file: string
  line: number
  name: string
}

/** Returns the names that the literals of a file write, alone or as a word of a text. */
export function namesIn(file: string, literals: readonly StringLiteral[], names: readonly string[]): Use[] {
  const words = new RegExp(`(?<![A-Za-z0-9_])(?:${names.join('|')})(?![A-Za-z0-9_])`, 'g')
  return literals.flatMap(({ text, line }) => [...text.matchAll(words)].map(([name]) => ({ file, line, name })))
}

/** Returns one problem per use that no allowance covers, and per allowed literal that its file does not write. */
export function judgeUses(uses: readonly Use[], allow: readonly Allowance[]): string[] {
  const files = allow.map(({ file }) => file)
  return [
    ...uses
      .filter(({ file, name }) => !allow.some((entry) => entry.file === file && entry.literals.includes(name)))
      .map(({ file, line, name }) => `${file}:${line} writes '${name}': read the registry, or allow it with a reason.`),
    ...allow.flatMap(({ file, literals }) =>
      literals
        .filter((name) => !uses.some((use) => use.file === file && use.name === name))
        .map((name) => `literals.allow.json lets ${file} write '${name}', which it does not.`),
    ),
    ...files
      .filter((file, index) => files.indexOf(file) !== index)
      .map((file) => `literals.allow.json has ${file} twice.`),
  ].sort()
}

const registered = `
  select k from unnest(crm_private.kind_names()) k
  union select c from unnest(crm_private.channels()) c
  union select s.name from crm_private.settings() s`

async function registeredNames(databases: ProjectDatabases): Promise<string[]> {
  const client = new Client({ connectionString: await databases.fromSql() })
  await client.connect()
  try {
    const { rows } = await client.query({ text: registered, rowMode: 'array' })
    return z
      .array(z.tuple([z.string()]))
      .parse(rows)
      .flat()
  } finally {
    await client.end()
  }
}

/** Returns what differs between the names that sql/ and src/ write and those they may. */
export async function checkLiterals(databases: ProjectDatabases): Promise<string[]> {
  const names = await registeredNames(databases)
  const allow = allowList.parse(JSON.parse(await readFile(new URL('literals.allow.json', import.meta.url), 'utf8')))
  const uses: Use[] = []
  for await (const file of glob(['sql/**/*.sql', 'src/**/*.ts'], { cwd: root })) {
    if (/^(sql\/015_catalog|src\/contract)\/|\/generated\//.test(file)) continue
    const source = await readFile(`${root}${file}`, 'utf8')
    uses.push(...namesIn(file, file.endsWith('.sql') ? sqlLiterals(source) : tsLiterals(source), names))
  }
  return judgeUses(uses, allow)
}

if (import.meta.main) reportProblems(await withProjectDatabases(checkLiterals), 'literals: only in the registries')
