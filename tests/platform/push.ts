import { readdir } from 'node:fs/promises'
import { z } from 'zod'
import { migrationsFolder } from '../../scripts/lib/paths.ts'
import { plainUrl, supabaseOutput } from '../../scripts/lib/supabase-cli.ts'
import { query } from './query.ts'

const answer = z.object({ upToDate: z.boolean() })
const versions = z.array(z.object({ version: z.string() }))

/** Pushes the migrations with the Supabase CLI to an empty project. Returns what is missing from its migration history after it. */
export async function checkPush(url: string): Promise<string[]> {
  await push(url)
  const rows = versions.parse(await query(url, 'select version from supabase_migrations.schema_migrations'))
  const applied = new Set(rows.map(({ version }) => version))
  const files = (await readdir(migrationsFolder)).filter((name) => name.endsWith('.sql'))
  return files.filter((file) => !applied.has(file.slice(0, 14))).map((file) => `Not applied: ${file}`)
}

/** Pushes again; returns a problem when the CLI still finds something to apply. */
export async function checkPushAgain(url: string): Promise<string[]> {
  const { upToDate } = answer.parse(JSON.parse(await push(url)))
  return upToDate ? [] : ['A second push applied something.']
}

function push(url: string): Promise<string> {
  return supabaseOutput(
    ['db', 'push', '--yes', `--remote=${plainUrl(url)}`, '--output-format', 'json'],
    migrationsFolder,
  )
}
