import pg from 'pg'
import { z } from 'zod'
import { apiError } from './http-error.ts'
import { isFilter, Parameters, RESERVED, readStatement, type Window } from './query-string.ts'
import type { Routine } from './routines.ts'
import type { Statement } from './transaction.ts'

const quote = pg.escapeIdentifier
const jsonObject = z.record(z.string(), z.unknown())

/** A function's call as a request states it. */
export interface Call {
  schema: string
  name: string
  routine: Routine
  /** The names of the arguments given, in the order given. */
  given: string[]
  /** The arguments: the whole body as one JSON text, or the values from the query string in the order of `given`. */
  values: string[]
  fromBody: boolean
}

/** The names of the arguments in a JSON body. The text itself goes to the database untouched. Throws 400 PGRST102. */
export function argumentsInBody(body: string): string[] {
  if (body.trim() === '') return []
  try {
    return Object.keys(jsonObject.parse(JSON.parse(body)))
  } catch {
    throw apiError(400, 'PGRST102', 'Empty or invalid json')
  }
}

/** The names of the arguments in a query string: what is no filter and no reserved word. */
export function argumentsInQuery(query: URLSearchParams): string[] {
  return [...query].filter(([name, value]) => !RESERVED.has(name) && !isFilter(value)).map(([name]) => name)
}

/** `crm.fn("p_a" => …)` in a from clause, after the arguments' own source if they come from a body. */
function source({ schema, name, routine, given, fromBody }: Call): string {
  const types = new Map(routine.args.map((arg) => [arg.name, arg.type]))
  const typed = given.map((arg) => ({ name: quote(arg), type: types.get(arg) ?? 'text' }))
  const values = typed.map(
    (arg, index) => `${arg.name} => ${fromBody ? `_args.${arg.name}` : `$${index + 1}::${arg.type}`}`,
  )
  const call = `${quote(schema)}.${quote(name)}(${values.join(', ')})`
  if (!fromBody || !given.length) return call
  return `json_to_record($1::json) as _args(${typed.map((arg) => `${arg.name} ${arg.type}`).join(', ')}), lateral ${call}`
}

/** The text of a call whose whole answer is wanted. It depends on nothing but the function and the names given. */
export function plainCallText(call: Call, maxRows: number): string {
  const from = source(call)
  const { kind, returns_set } = call.routine
  if (kind === 'void') return `select null, 1, null from ${from} as _row`
  // A row of one named column is still a row: only the sub-select keeps it one.
  const [rows, value] =
    kind === 'composite'
      ? [`select _call.* from ${from} as _call`, '_row']
      : [`select _call.value from ${from} as _call(value)`, '_row.value']
  if (!returns_set) return `select to_json(${value})::text, 1, null from (${rows}) as _row`
  return `select coalesce(json_agg(${value}), '[]')::text, count(*)::int, null from (${rows} limit ${maxRows}) as _row`
}

/** A call whose rows are filtered, ordered, limited or counted by the query string. */
export function filteredCall(call: Call, query: URLSearchParams, window: Window, count: boolean): Statement {
  const parameters = new Parameters()
  parameters.values.push(...call.values)
  const rows = `(select _call.* from ${source(call)} as _call) as _source`
  return readStatement(rows, query, window, { count, parameters, skip: new Set(call.fromBody ? [] : call.given) })
}
