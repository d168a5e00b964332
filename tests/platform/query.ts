import { Client } from 'pg'

/** Runs one statement on a connection of its own and returns its rows. */
export async function query(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  return withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql, values)).rows)
}

/** Runs a script of several statements on a connection of its own. */
export async function runScript(url: string, sql: string): Promise<void> {
  await withClient(url, (client) => client.query(sql))
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
