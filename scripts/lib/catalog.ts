import { readFile } from 'node:fs/promises'
import { Client, escapeIdentifier } from 'pg'
import { z } from 'zod'

/** The schemas that this project ships. */
export const schemas = ['crm', 'crm_private']

/** One thing that is true of one object: a definition, an owner, one granted privilege, a comment. */
export interface Fact {
  object: string
  fact: string
}

const facts = z.array(z.object({ object: z.string(), fact: z.string() }))
const tables = z.array(z.object({ schema: z.string(), table: z.string(), columns: z.array(z.string()) }))
const fingerprint = z.tuple([z.object({ fact: z.string() })])

/** Columns whose value is made up at insert time (ids, row timestamps) differ between two databases and say nothing. */
const seededTables = `
  select n.nspname as schema, c.relname as table, array_agg(a.attname::text order by a.attname) as columns
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where n.nspname = any ($1::text[]) and c.relkind in ('r', 'p')
    and coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~* '(gen_random_uuid|uuid_generate|now|clock_timestamp|nextval)\\(|current_timestamp'
  group by 1, 2
  order by 1, 2`

/**
 * Returns what the project's schemas are in this database, sorted: every object's definition, owner, privileges and
 * comment, the default privileges, and a fingerprint of the rows each table holds (reference data is part of a migration).
 */
export async function readCatalog(url: string): Promise<Fact[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await readCatalogOn(client)
  } finally {
    await client.end()
  }
}

/** The same on a connection that is already open, inside its transaction if it has one. Empties its search path. */
export async function readCatalogOn(client: Client): Promise<Fact[]> {
  // Definitions print names qualified only when they are outside the search path.
  await client.query("set search_path = ''")
  const sql = await readFile(new URL('catalog.sql', import.meta.url), 'utf8')
  const catalog = facts.parse((await client.query(sql, [schemas])).rows)
  for (const { schema, table, columns } of tables.parse((await client.query(seededTables, [schemas])).rows)) {
    catalog.push({ object: `rows of ${schema}.${table}`, fact: await readFingerprint(client, schema, table, columns) })
  }
  return catalog
}

async function readFingerprint(client: Client, schema: string, table: string, columns: string[]): Promise<string> {
  const row = `jsonb_build_array(${columns.map((column) => `t.${escapeIdentifier(column)}`).join(', ')})::text`
  const { rows } = await client.query(
    `select count(*) || ' rows, ' || coalesce(md5(string_agg(md5(${row}), '' order by md5(${row}))), 'none') as fact
     from ${escapeIdentifier(schema)}.${escapeIdentifier(table)} t`,
  )
  return fingerprint.parse(rows)[0].fact
}

/** Returns one line per fact that only one of the two has: `- object: fact` is only in `left`, `+` only in `right`. */
export function compareCatalogs(left: readonly Fact[], right: readonly Fact[]): string[] {
  const line = ({ object, fact }: Fact) => `${object}: ${fact.trim()}`
  const [inLeft, inRight] = [new Set(left.map(line)), new Set(right.map(line))]
  return [
    ...[...inLeft].filter((text) => !inRight.has(text)).map((text) => ({ text, sign: '-' })),
    ...[...inRight].filter((text) => !inLeft.has(text)).map((text) => ({ text, sign: '+' })),
  ]
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ text, sign }) => `${sign} ${text}`)
}
