/** The rows that an account's sync left, read out page by page, and the barest statement that leaves the same in another database. */
import pg from 'pg'
import type { Account } from './account.ts'

const PAGE = 100
/** The rows of a page's conversations `v`, table by table; `x` is the row. */
export const COPIED: Readonly<Record<string, string>> = {
  contacts: 'join crm.contacts x on x.id = v.contact_id',
  contact_identities: 'join crm.contact_identities x on x.contact_id = v.contact_id',
  conversations: 'join crm.conversations x on x.id = v.id',
  conversation_keys: 'join crm.conversation_keys x on x.conversation_id = v.id',
  messages: 'join crm.messages x on x.conversation_id = v.id',
  contact_interaction_events: 'join crm.contact_interaction_events x on x.conversation_id = v.id',
}

interface Column {
  name: string
  type: string
}

export interface CopiedPages {
  /** One insert per table from arrays, in one statement. */
  statement: string
  /** The values of the statement, page by page: ready as Postgres reads them. */
  pages: string[][]
  /** Rows of all pages and tables. */
  rows: number
}

/** What the account's conversations consist of, for the account of another database: the ids are others, the rest is the same. */
export async function copiedPages(pool: pg.Pool, from: Account, to: Account): Promise<CopiedPages> {
  const columns = new Map<string, Column[]>()
  for (const table of Object.keys(COPIED)) columns.set(table, await columnsOf(pool, table))
  const { rows: found } = await pool.query<{ ids: string[] }>(
    `select array_agg(n.id) as ids from (
       select v.id, (row_number() over (order by v.created_at, v.id) - 1) / $2 as page from crm.conversations v where v.workspace_id = $1
     ) n group by n.page order by n.page`,
    [from.workspaceId, PAGE],
  )
  const pages: string[][] = []
  let rows = 0
  for (const { ids } of found) {
    const values: string[] = []
    for (const [table, join] of Object.entries(COPIED)) {
      const arrays = (columns.get(table) ?? []).map((column) => `array_agg(${copied(column)})::text`)
      const {
        rows: [read],
      } = await pool.query<{ count: string; arrays: string[] }>(
        `select count(*) as count, array[${arrays.join(', ')}] as arrays
         from (select distinct x.* from unnest($1::uuid[]) i (id) join crm.conversations v on v.id = i.id ${join}) x
         where $2::uuid is not null and $3::uuid is not null`,
        [ids, to.workspaceId, to.id],
      )
      rows += Number(read?.count ?? 0)
      values.push(...(read?.arrays ?? []))
    }
    pages.push(values)
  }
  return { statement: statementOf(columns), pages, rows }
}

async function columnsOf(pool: pg.Pool, table: string): Promise<Column[]> {
  const { rows } = await pool.query<Column>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
     from pg_attribute a
     where a.attrelid = ('crm.' || $1)::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     order by a.attnum`,
    [table],
  )
  return rows
}

/** The column of the row as the other account has it. */
function copied({ name, type }: Column): string {
  const column = `x.${pg.escapeIdentifier(name)}`
  if (name === 'workspace_id') return '$2::uuid'
  if (name === 'channel_account_id') return '$3::uuid'
  return type === 'uuid' ? `md5(${column}::text)::uuid` : column
}

function statementOf(columns: ReadonlyMap<string, readonly Column[]>): string {
  let parameter = 0
  const inserts = [...columns].map(([table, list]) => {
    const names = list.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
    const arrays = list.map(({ type }) => {
      parameter += 1
      return `$${parameter}::${type}[]`
    })
    return `insert into crm.${table} (${names}) select * from unnest(${arrays.join(', ')})`
  })
  const last = inserts.pop() ?? ''
  return `with ${inserts.map((insert, i) => `w${i} as (${insert})`).join(', ')} ${last}`
}
