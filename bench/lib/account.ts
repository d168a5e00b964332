import type pg from 'pg'

/** A channel account, alone in its workspace. */
export interface Account {
  workspaceId: string
  id: string
  channel: 'messenger' | 'whatsapp'
  externalId: string
}

/** Makes a workspace with one channel account; `label` names both and is used once per database. */
export async function createAccount(pool: pg.Pool, channel: Account['channel'], label: string): Promise<Account> {
  const externalId = `account-${label}`
  const { rows } = await pool.query<{ id: string; workspace: string }>(
    `select crm.connect_channel(w.id, $1, $2, 'Benchmark') as id, w.id as workspace
     from crm.create_workspace($3, 'Benchmark', 'CO') w (id)`,
    [channel, externalId, label],
  )
  const [row] = rows
  if (!row) throw new Error('The account was not made.')
  return { workspaceId: row.workspace, id: row.id, channel, externalId }
}

/** Ingests items that must all be good; throws with the first error otherwise. */
export async function ingest(pool: pg.Pool, account: Account, items: readonly unknown[]): Promise<void> {
  const { rows } = await pool.query<{ error: unknown }>(
    'select error from crm.bulk_upsert_conversations_with_events($1, $2) where error is not null limit 1',
    [account.id, JSON.stringify(items)],
  )
  if (rows[0]) throw new Error(`An item was refused: ${JSON.stringify(rows[0].error)}`)
}
