/** docs/errors.md lists every stable error code that sql/ raises, once and with its SQLSTATEs, and no other. */
import { readFile } from 'node:fs/promises'
import { listSql } from '../src/local/migrate.ts'
import { root, sqlFolder } from './lib/paths.ts'
import { reportProblems } from './lib/report-problems.ts'
import { withoutComments } from './lib/sql-text.ts'

/** A code and a SQLSTATE that it is raised or listed with. */
export interface ErrorCode {
  code: string
  sqlstate: string
}

/**
 * Returns the codes that the SQL raises: of each `raise` statement with `'code', '…'` in its detail, the code and the
 * SQLSTATE of its errcode (empty when it has none).
 */
export function raisedCodes(sql: string): ErrorCode[] {
  const statements = withoutComments(sql).match(/\braise\s+(?:exception\b|using\b)(?:'(?:[^']|'')*'|[^';])*;/gi) ?? []
  return statements.flatMap((statement) => {
    const sqlstate = /errcode\s*=\s*'([^']*)'/i.exec(statement)?.[1] ?? ''
    return [...statement.matchAll(/'code'\s*,\s*'([^']*)'/g)].map(([, code = '']) => ({ code, sqlstate }))
  })
}

/** Returns the codes of the table in docs/errors.md, whose rows are `| code | SQLSTATE | meaning | what to do |`. */
export function listedCodes(markdown: string): ErrorCode[] {
  return markdown.split('\n').flatMap((line) => {
    const [, code = '', sqlstates = ''] = line.split('|').map((cell) => cell.replaceAll('`', '').trim())
    if (!/^[a-z][a-z0-9_]*$/.test(code) || !/^[A-Z0-9]{5}(, [A-Z0-9]{5})*$/.test(sqlstates)) return []
    return sqlstates.split(', ').map((sqlstate) => ({ code, sqlstate }))
  })
}

/** Returns what differs between the codes the source raises and the codes that are listed. */
export function compareCodes(raised: readonly ErrorCode[], listed: readonly ErrorCode[]): string[] {
  const line = ({ code, sqlstate }: ErrorCode) => `${code} with ${sqlstate || 'no SQLSTATE'}`
  const [inSource, inList] = [new Set(raised.map(line)), new Set(listed.map(line))]
  const repeated = listed.map(line).filter((text, index, all) => all.indexOf(text) !== index)
  return [
    ...[...inSource]
      .filter((text) => !inList.has(text))
      .map((text) => `Raised in sql/, not listed in docs/errors.md: ${text}`),
    ...[...inList]
      .filter((text) => !inSource.has(text))
      .map((text) => `Listed in docs/errors.md, raised nowhere in sql/: ${text}`),
    ...[...new Set(repeated)].map((text) => `Listed more than once in docs/errors.md: ${text}`),
  ].sort()
}

/** Returns what differs between sql/ and docs/errors.md. */
export async function checkErrors(): Promise<string[]> {
  const sources = await Promise.all((await listSql(sqlFolder)).map((file) => readFile(file, 'utf8')))
  const markdown = await readFile(`${root}docs/errors.md`, 'utf8').catch(() => '')
  return compareCodes(sources.flatMap(raisedCodes), listedCodes(markdown))
}

if (import.meta.main) reportProblems(await checkErrors(), 'error codes: listed')
