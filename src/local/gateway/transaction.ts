import pg from 'pg'
import type { Caller } from './caller.ts'

/** A request's statement: one row of `body` (the answer's JSON text), `n` (rows in it) and, when asked for, `total`. */
export interface Statement {
  text: string
  values: unknown[]
}

export interface Answer {
  body: string | null
  rows: number
  total: number | null
}

export interface RequestContext {
  caller: Caller
  schema: string
  method: string
  path: string
  /** The request's headers as JSON text. */
  headers: string
  readOnly: boolean
  /** The called function's own `statement_timeout`, if it sets one. */
  timeout?: string | undefined
}

const SETTINGS = `select set_config('search_path', $1, true), set_config('request.jwt.claims', $2, true),
  set_config('request.method', $3, true), set_config('request.path', $4, true), set_config('request.headers', $5, true),
  set_config('statement_timeout', coalesce($6, current_setting('statement_timeout')), true), set_config('role', $7, true)`

const NAMED_STATEMENTS = 500

/**
 * Runs requests, each in one transaction with its role, claims and headers set for that transaction only. `begin`, the
 * settings, the statement and `commit` are sent together (pipelined), so a request costs one round trip.
 */
export class RequestRunner {
  readonly pool: pg.Pool
  readonly #names = new Map<string, string>()
  #roleTimeouts: Promise<Map<string, string>> | undefined

  constructor(connectionString: string, max: number) {
    this.pool = new pg.Pool({
      connectionString,
      max,
      pipeline: true,
      connectionTimeoutMillis: 10_000,
      application_name: 'onefold gateway',
    })
    this.pool.on('error', () => {}) // An idle connection was lost; the next request opens another.
  }

  /** Runs the statement and commits. With `accept`, the answer is looked at before: if it throws, nothing is kept. */
  async run(context: RequestContext, statement: Statement, accept?: (answer: Answer) => void): Promise<Answer> {
    const timeout = context.timeout ?? (await this.#timeoutOf(context.caller.role))
    const client = await this.pool.connect()
    let broken: Error | undefined
    const onError = (error: Error): void => {
      broken = error
    }
    client.on('error', onError)
    try {
      const sent: Promise<unknown>[] = [
        client.query(context.readOnly ? 'begin read only' : 'begin'),
        client.query({
          name: 'settings',
          text: SETTINGS,
          values: [
            `${pg.escapeIdentifier(context.schema)}, public, extensions`,
            context.caller.claims,
            context.method,
            context.path,
            context.headers,
            timeout,
            context.caller.role,
          ],
        }),
      ]
      const name = this.#nameOf(context.caller.role, statement.text)
      const main = client.query<[string | null, number, string | null]>({
        ...(name === undefined ? {} : { name }),
        text: statement.text,
        values: statement.values,
        rowMode: 'array',
      })
      sent.push(main)
      if (!accept) sent.push(client.query('commit'))
      const results = await Promise.allSettled(sent)
      const failed = results.find((result) => result.status === 'rejected')
      if (failed) {
        if (accept) await client.query('rollback')
        throw failed.reason
      }
      const [row] = (await main).rows
      const answer = {
        body: row?.[0] ?? null,
        rows: Number(row?.[1] ?? 0),
        total: row?.[2] == null ? null : Number(row[2]),
      }
      if (accept) await settle(client, () => accept(answer))
      return answer
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }

  async stop(): Promise<void> {
    await this.pool.end()
  }

  /** A statement's name, so that the server parses it once per connection. Roles have their own: name look-up checks rights. */
  #nameOf(role: string, text: string): string | undefined {
    const key = `${role} ${text}`
    const known = this.#names.get(key)
    if (known !== undefined || this.#names.size >= NAMED_STATEMENTS) return known
    const name = `request_${this.#names.size}`
    this.#names.set(key, name)
    return name
  }

  /** The role's own time limit (`alter role … set statement_timeout`); null means the login role's. Read once. */
  async #timeoutOf(role: string): Promise<string | null> {
    this.#roleTimeouts ??= this.pool
      .query<{ rolname: string; timeout: string }>(
        `select rolname, split_part(setting, '=', 2) as timeout from pg_catalog.pg_roles, unnest(rolconfig) as setting
         where setting like 'statement_timeout=%'`,
      )
      .then(({ rows }) => new Map(rows.map((row) => [row.rolname, row.timeout])))
    try {
      return (await this.#roleTimeouts).get(role) ?? null
    } catch (error) {
      this.#roleTimeouts = undefined
      throw error
    }
  }
}

async function settle(client: pg.PoolClient, accept: () => void): Promise<void> {
  try {
    accept()
  } catch (error) {
    await client.query('rollback')
    throw error
  }
  await client.query('commit')
}
