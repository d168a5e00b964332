import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { listSql } from '../../src/local/migrate.ts'

/** The one migration that stands for the whole schema until the first release. Its timestamp never changes. */
export const baselineName = '20261120000000_baseline.sql'

const header = `-- Generated from sql/ by "npm run db:migration", never edited by hand.`

/** Returns the text of the baseline migration: every file of the folder in path order, each after a line that names it. */
export async function buildBaseline(folder: string): Promise<string> {
  const files = await listSql(folder)
  if (files.length === 0) throw new Error(`There is no .sql file in ${folder}.`)
  const parts = files.map(async (file) => {
    const text = await readFile(file, 'utf8')
    return `-- sql/${relative(folder, file).replaceAll('\\', '/')}\n${text.trim()}\n`
  })
  return [`${header}\n`, ...(await Promise.all(parts))].join('\n')
}
