/** `npm run db:types`: src/crm/generated/database.types.ts from the migrations; with `--check`, fails when it is not current. */
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { root, typesFile } from './lib/paths.ts'
import { type ProjectDatabases, withProjectDatabases } from './lib/project-databases.ts'
import { reportProblems } from './lib/report-problems.ts'
import { runProcess } from './lib/run-process.ts'
import { plainUrl, supabaseOutput } from './lib/supabase-cli.ts'

const header = '// Generated from schema crm by "npm run db:types", never edited by hand.\n'

/** Returns the text of src/crm/generated/database.types.ts for the schema as the migrations make it. */
export async function generateTypes(databases: ProjectDatabases): Promise<string> {
  const url = plainUrl(await databases.fromMigrations())
  const types = await supabaseOutput(['gen', 'types', '--schema', 'crm', `--remote=${url}`])
  return header + (await format(types))
}

/** Returns one problem when the file is not what the schema gives, otherwise none. */
export async function checkTypes(databases: ProjectDatabases): Promise<string[]> {
  const [wanted, actual] = [await generateTypes(databases), await readFile(typesFile, 'utf8').catch(() => '')]
  return actual === wanted
    ? []
    : ['src/crm/generated/database.types.ts is not what the schema gives. Run: npm run db:types']
}

async function format(text: string): Promise<string> {
  const result = await runProcess(`${root}node_modules/.bin/biome`, ['format', '--stdin-file-path=generated.ts'], {
    input: text,
  })
  if (result.status !== 0) throw new Error(`biome can't format the generated types:\n${result.output}`)
  return result.stdout
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  if (values.check) {
    reportProblems(await withProjectDatabases(checkTypes), 'types: current')
  } else {
    await writeFile(typesFile, await withProjectDatabases(generateTypes))
    console.log('Written: src/crm/generated/database.types.ts')
  }
}
