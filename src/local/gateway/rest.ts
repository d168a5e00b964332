import pg from 'pg'
import { argumentsInBody, argumentsInQuery, type Call, filteredCall, plainCallText } from './call-statement.ts'
import type { Caller } from './caller.ts'
import { apiError, HttpError } from './http-error.ts'
import { quote, readStatement, type Window, windowOf } from './query-string.ts'
import { RoutineCache } from './routines.ts'
import type { Answer, RequestContext, RequestRunner, Statement } from './transaction.ts'

const OBJECT = 'application/vnd.pgrst.object+json'

export interface RestRequest {
  method: string
  url: URL
  headers: Headers
  caller: Caller
  /** The body as it came; it goes to the database as it is. */
  body: string
}

/** PostgREST's part that this project uses: calls of functions, and reads of tables and views. */
export class RestApi {
  readonly #runner: RequestRunner
  readonly #routines: RoutineCache
  readonly #schemas: readonly string[]
  readonly #maxRows: number
  /** Statements of plain calls, by function and the names of the arguments given. */
  readonly #calls = new Map<string, string>()

  /** The first of the exposed schemas is the default one; no answer has more than `maxRows` rows. */
  constructor(runner: RequestRunner, schemas: readonly string[], maxRows: number) {
    this.#maxRows = maxRows
    this.#runner = runner
    this.#routines = new RoutineCache(runner.pool)
    this.#schemas = schemas
  }

  /** `GET|HEAD /rest/v1/<table>` */
  async read(table: string, request: RestRequest): Promise<Response> {
    const context = this.#context(request, true)
    const query = request.url.searchParams
    const window = windowOf(query, request.headers.get('range') ?? undefined, this.#maxRows)
    const count = wantsCount(request)
    const statement = readStatement(`${quote(context.schema)}.${quote(table)}`, query, window, { count })
    try {
      const answer = await this.#runner.run(context, statement)
      return rowsResponse(answer, window, request)
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === '42P01') {
        throw apiError(404, 'PGRST205', `Could not find the table '${context.schema}.${table}' in the schema cache`)
      }
      throw error
    }
  }

  /** `POST|GET|HEAD /rest/v1/rpc/<name>`: arguments by name, from the JSON body or the query string. */
  async call(name: string, request: RestRequest): Promise<Response> {
    try {
      return await this.#callOnce(name, request)
    } catch (error) {
      if (!isStale(error)) throw error
      // The function has changed since it was looked up, and the transaction is undone: look again, once.
      this.#routines.clear()
      this.#calls.clear()
      return this.#callOnce(name, request)
    }
  }

  async #callOnce(name: string, request: RestRequest): Promise<Response> {
    const fromBody = request.method === 'POST'
    const context = this.#context(request, !fromBody)
    const query = request.url.searchParams
    const given = fromBody ? argumentsInBody(request.body) : argumentsInQuery(query)
    const routine = await this.#routines.find(context.schema, name, given)
    context.timeout = routine.timeout ?? undefined
    const values = fromBody ? (given.length ? [request.body] : []) : given.map((arg) => query.get(arg) ?? '')
    const call: Call = { schema: context.schema, name, routine, given, values, fromBody }

    if (!routine.returns_set) {
      const { body } = await this.#runner.run(context, this.#plainCall(call))
      if (routine.kind === 'void') return new Response(null, { status: 204 })
      return jsonResponse(body ?? 'null', wantsObject(request.headers) ? OBJECT : JSON_TYPE)
    }
    const window = windowOf(query, request.headers.get('range') ?? undefined, this.#maxRows)
    const statement = isPlain(request, call)
      ? this.#plainCall(call)
      : filteredCall(call, query, window, wantsCount(request))
    const answer = await this.#runner.run(context, statement, wantsObject(request.headers) ? requireOneRow : undefined)
    return rowsResponse(answer, window, request)
  }

  #context(request: RestRequest, readOnly: boolean): RequestContext {
    const profile = request.headers.get(readOnly ? 'accept-profile' : 'content-profile') ?? this.#schemas[0] ?? 'public'
    if (!this.#schemas.includes(profile)) {
      throw apiError(
        406,
        'PGRST106',
        `Invalid schema: ${profile}`,
        `Only these are exposed: ${this.#schemas.join(', ')}`,
      )
    }
    return {
      caller: request.caller,
      schema: profile,
      method: request.method,
      path: request.url.pathname.slice('/rest/v1'.length),
      headers: JSON.stringify(Object.fromEntries(request.headers)),
      readOnly,
    }
  }

  #plainCall(call: Call): Statement {
    const key = JSON.stringify([call.schema, call.name, call.fromBody, ...call.given])
    let text = this.#calls.get(key)
    if (text === undefined) {
      text = plainCallText(call, this.#maxRows)
      this.#calls.set(key, text)
    }
    return { text, values: call.values }
  }
}

const JSON_TYPE = 'application/json'

function wantsObject(headers: Headers): boolean {
  return headers.get('accept')?.includes(OBJECT) ?? false
}

function wantsCount(request: RestRequest): boolean {
  return request.headers.get('prefer')?.includes('count=exact') ?? false
}

function isPlain(request: RestRequest, call: Call): boolean {
  const parameters = request.url.searchParams.size - (call.fromBody ? 0 : call.given.length)
  return parameters === 0 && !request.headers.has('range') && !wantsCount(request)
}

/** What a changed or dropped function makes of a call that was prepared before. */
function isStale(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  return error.code === '42883' || /^cached plan must not|^cache lookup failed for function/.test(error.message)
}

function requireOneRow({ rows }: Answer): void {
  if (rows === 1) return
  const details = `The result contains ${rows} rows`
  throw apiError(406, 'PGRST116', 'Cannot coerce the result to a single JSON object', details)
}

function jsonResponse(body: string, type: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...headers, 'content-type': `${type}; charset=utf-8` } })
}

/** Rows as a JSON array, or the only row as an object; which rows of how many is in `Content-Range`. */
function rowsResponse(answer: Answer, window: Window, request: RestRequest): Response {
  const { offset } = window
  const { rows, total } = answer
  if (total !== null && offset > total) {
    throw new HttpError(416, {
      code: 'PGRST103',
      message: 'Requested range not satisfiable',
      details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
      hint: null,
    })
  }
  const span = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`
  const headers = { 'content-range': `${span}/${total ?? '*'}` }
  const body = answer.body ?? '[]'
  if (wantsObject(request.headers)) {
    requireOneRow(answer)
    return jsonResponse(body.slice(1, -1), OBJECT, 200, headers)
  }
  return jsonResponse(body, JSON_TYPE, total !== null && rows < total ? 206 : 200, headers)
}
