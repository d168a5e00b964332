/** No line of sql/ is wider than 120 columns, whether code, comment or literal. Generated files may be. */
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { listSql } from '../src/local/migrate.ts'
import { root, sqlFolder } from './lib/paths.ts'
import { reportProblems } from './lib/report-problems.ts'

const MAX_COLUMNS = 120

/** Returns the lines that are too wide, as `<file>:<line> has <n> columns`. `files` are texts by path. */
export function columnProblems(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) => {
    if (file.includes('/generated/')) return []
    return text.split('\n').flatMap((line, index) => {
      const columns = [...line].length
      return columns > MAX_COLUMNS ? [`${file}:${index + 1} has ${columns} columns, more than ${MAX_COLUMNS}.`] : []
    })
  })
}

/** Returns the lines of sql/ that are too wide. */
export async function checkColumns(): Promise<string[]> {
  const files = new Map<string, string>()
  for (const file of await listSql(sqlFolder)) files.set(relative(root, file), await readFile(file, 'utf8'))
  return columnProblems(files)
}

if (import.meta.main) reportProblems(await checkColumns(), `sql/: no line over ${MAX_COLUMNS} columns`)
