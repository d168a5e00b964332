import pg from 'pg'

/** A workspace, and the name that its account has at the provider. */
interface Tenant {
  workspaceId: string
  externalId: string
}

/** Columns that say when or under which id a row was written: they differ between two runs that leave the same. */
const OWN = new Set(['created_at', 'updated_at', 'first_seen_at', 'last_sync_at'])

interface TableColumns {
  table: string
  /** All columns. */
  columns: string[]
  /** Those whose values must agree too. */
  compared: string[]
}

/**
 * Throws unless both workspaces hold the same: table by table as many rows, as many non-null values in every column, and the same
 * values but for ids, the account's own name and the times of writing. Returns the rows per table of either. The other one may be in
 * another database, and only some tables may be meant.
 */
export async function requireSameRows(
  pool: pg.Pool,
  one: Tenant,
  other: Tenant,
  { otherPool = pool, tables }: { otherPool?: pg.Pool; tables?: readonly string[] } = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of await tablesOf(pool)) {
    if (tables && !tables.includes(table.table)) continue
    const text = digestQuery(table)
    const [a, b] = await Promise.all([digest(pool, text, one), digest(otherPool, text, other)])
    const differing = Object.keys(a ?? {}).filter((column) => a?.[column] !== b?.[column])
    if (differing.length) {
      const what = differing.map((column) => `${column}: ${a?.[column]} and ${b?.[column]}`).join('; ')
      throw new Error(`The two sides left different rows in crm.${table.table}: ${what}`)
    }
    const rows = Number(a?.rows ?? 0)
    if (rows > 0) counts[table.table] = rows
  }
  return counts
}

async function tablesOf(pool: pg.Pool): Promise<TableColumns[]> {
  const { rows } = await pool.query<{ table: string; columns: string[]; types: string[] }>(
    `select c.table_name as table, array_agg(c.column_name::text order by c.ordinal_position) as columns,
       array_agg(c.udt_name::text order by c.ordinal_position) as types
     from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'crm' and t.table_type = 'BASE TABLE'
     group by c.table_name having bool_or(c.column_name = 'workspace_id') order by c.table_name`,
  )
  return rows.map(({ table, columns, types }) => ({
    table,
    columns,
    compared: columns.filter((column, i) => types[i] !== 'uuid' && !OWN.has(column)),
  }))
}

/** Sums of hashes: they do not depend on the order of writing. Column by column to say what differs, and row by row. */
function digestQuery({ table, columns, compared }: TableColumns): string {
  const filled = columns.map((column) => `count(t.${quote(column)})::text as ${quote(`non-null ${column}`)}`)
  const values = compared.map((column) => `${hashed(`t.${quote(column)}::text`)} as ${quote(column)}`)
  const row = `row(${compared.map((column) => `t.${quote(column)}`).join(', ')})::text`
  return `select count(*)::text as rows, ${[...filled, ...values].join(', ')}, ${hashed(row)} as "whole rows"
    from crm.${quote(table)} t where t.workspace_id = $1`
}

/** Of a text expression, without the account's own name. */
function hashed(text: string): string {
  return `sum(hashtextextended(replace(${text}, $2, '@'), 0)::numeric)::text`
}

const quote = pg.escapeIdentifier

async function digest(pool: pg.Pool, text: string, account: Tenant): Promise<Record<string, string | null>> {
  const { rows } = await pool.query<Record<string, string | null>>(text, [account.workspaceId, account.externalId])
  return rows[0] ?? {}
}
