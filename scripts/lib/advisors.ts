import { Client } from 'pg'
import { z } from 'zod'
import { plainUrl, supabaseOutput } from './supabase-cli.ts'

/** One thing the advisors found. */
export interface Finding {
  lint: string
  level: 'INFO' | 'WARN' | 'ERROR'
  /** The schema-qualified name of what it is about; a function's without its arguments. */
  object: string
  detail: string
}

const answer = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      level: z.enum(['INFO', 'WARN', 'ERROR']),
      detail: z.string(),
      metadata: z.object({ schema: z.string().optional(), name: z.string().optional() }).nullish(),
    }),
  ),
})

const definers = z.array(z.object({ lint: z.string(), object: z.string(), detail: z.string() }))

/**
 * The hosted advisor's lints 0028 and 0029, which the command line's do not include: security definer functions of an
 * exposed schema that a client's role can execute.
 */
const definerLints = `
  select r.role || '_security_definer_function_executable' as lint,
    n.nspname || '.' || p.proname as object,
    format('Function %s runs with its owner''s rights and role %s can execute it', p.oid::regprocedure, r.role) as detail
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  cross join unnest(array['anon', 'authenticated']) as r (role)
  where n.nspname = 'crm' and p.prosecdef
    and has_schema_privilege(r.role, n.oid, 'usage') and has_function_privilege(r.role, p.oid, 'execute')
  order by 1, 2`

/** An empty database uses no index: what this lint says of one means nothing. */
const meaningless = 'unused_index'

/** Returns what the security and performance advisors find in the database, every level, sorted. */
export async function readAdvisors(url: string): Promise<Finding[]> {
  const output = await supabaseOutput([
    ...['db', 'advisors', `--remote=${plainUrl(url)}`, '--type', 'all', '--level', 'info', '--output-format', 'json'],
  ])
  const { results } = answer.parse(JSON.parse(output))
  const findings = results
    .filter(({ name }) => name !== meaningless)
    .map(({ name, level, detail, metadata }) => ({
      lint: name,
      level,
      object: [metadata?.schema, metadata?.name].filter(Boolean).join('.'),
      detail: detail.replaceAll('\\`', '').replaceAll('`', ''),
    }))
  return [...findings, ...(await readDefinerLints(url))].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

async function readDefinerLints(url: string): Promise<Finding[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const rows = definers.parse((await client.query(definerLints)).rows)
    return rows.map((row) => ({ ...row, level: 'WARN' }))
  } finally {
    await client.end()
  }
}

function sortKey({ level, lint, object }: Finding): string {
  return `${['ERROR', 'WARN', 'INFO'].indexOf(level)} ${lint} ${object}`
}
