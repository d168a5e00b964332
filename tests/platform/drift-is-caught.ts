import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findDrift } from '../../scripts/db-drift.ts'
import { draftMigration } from '../../scripts/db-migration.ts'
import { baselineName } from '../../scripts/lib/baseline.ts'
import { type ProjectFolders, withProjectDatabases } from '../../scripts/lib/project-databases.ts'
import { release } from '../../scripts/lib/releases.ts'
import type { Step } from '../../scripts/lib/step-runner.ts'
import { changes, makeSmallProject } from './small-project.ts'

/** What both halves of the drift check have to see: the Supabase CLI's diff and our own comparison. */
const seenByBoth = ['a changed function body', 'a dropped policy', 'a grant on a table'] as const

/** Steps that hold the drift check itself to its word, on a small schema of their own. They need the Supabase CLI. */
export const driftSteps: Step[] = [
  { name: 'drift check is quiet without drift', run: () => onSmallProject(checkQuiet) },
  ...seenByBoth.map((name) => ({
    name: `drift check sees ${name}`,
    run: () => onSmallProject((folders) => checkSeen(folders, changes[name])),
  })),
  { name: 'a drafted migration ends the drift', run: () => onSmallProject(checkDraft) },
]

async function checkQuiet(folders: ProjectFolders): Promise<string[]> {
  return withProjectDatabases(findDrift, folders)
}

async function checkSeen(folders: ProjectFolders, change: string): Promise<string[]> {
  await appendFile(join(folders.migrations, baselineName), `${change};\n`)
  const problems = await withProjectDatabases(findDrift, folders)
  const hasBoth = ['The migrations', 'The catalogs'].every((start) => problems.some((text) => text.startsWith(start)))
  return hasBoth ? [] : ['One of the two comparisons missed it. What was found:', ...problems]
}

async function checkDraft(folders: ProjectFolders): Promise<string[]> {
  await release(folders.migrations, '0.1.0')
  await appendFile(join(folders.sql, '010_base/10_tables.sql'), '\ncreate table crm.more (id int primary key);\n')
  if ((await withProjectDatabases(findDrift, folders)).length === 0) return ['A table more in sql/ is no drift.']
  if (!(await draftMigration('add_more', folders))) return ['Nothing was drafted.']
  return withProjectDatabases(findDrift, folders)
}

async function onSmallProject(check: (folders: ProjectFolders) => Promise<string[]>): Promise<string[]> {
  const project = await makeSmallProject()
  try {
    return await check(project)
  } finally {
    await project.remove()
  }
}
