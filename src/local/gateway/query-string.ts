import pg from 'pg'
import { apiError } from './http-error.ts'
import type { Statement } from './transaction.ts'

/** Query parameters that are neither filters nor arguments. */
export const RESERVED: ReadonlySet<string> = new Set(['select', 'order', 'limit', 'offset', 'apikey', 'columns'])
const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
}
const IS_VALUES: Readonly<Record<string, string>> = {
  null: 'null',
  not_null: 'not null',
  true: 'true',
  false: 'false',
  unknown: 'unknown',
}

/** True for `op.value` and `not.op.value`: what tells a filter from an argument. */
export function isFilter(value: string): boolean {
  const operator = /^(?:not\.)?(\w+)\./.exec(value)?.[1]
  return operator !== undefined && (operator === 'is' || operator === 'in' || operator in OPERATORS)
}

export interface Window {
  offset: number
  limit: number
}

/** A name as SQL spells it, quoted. */
export const quote = pg.escapeIdentifier

/** Collects a statement's parameters and hands out their placeholders. */
export class Parameters {
  readonly values: unknown[] = []
  add(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }
}

/** `select=a,alias:b,*`: plain columns and aliases. Embedded resources and casts are not answered here. */
function columns(select: string | null): string {
  if (!select) return '*'
  return select
    .split(',')
    .map((item) => {
      if (item === '*') return '*'
      const parts = /^(?:([^:()]+):)?([^:()]+)$/.exec(item.trim())
      if (!parts?.[2]) throw apiError(400, 'PGRST100', `"failed to parse select parameter (${select})"`)
      return parts[1] ? `${quote(parts[2])} as ${quote(parts[1])}` : quote(parts[2])
    })
    .join(', ')
}

/** `order=a.desc.nullslast,b` */
function ordering(order: string | null): string {
  if (!order) return ''
  const terms = order.split(',').map((term) => {
    const parts = /^(.+?)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?$/.exec(term)
    if (!parts?.[1]) throw apiError(400, 'PGRST100', `"failed to parse order (${order})"`)
    return [quote(parts[1]), parts[2], parts[3]?.replace('nulls', 'nulls ')].filter(Boolean).join(' ')
  })
  return ` order by ${terms.join(', ')}`
}

/** One filter, `column=op.value` or `column=not.op.value`. */
function condition(column: string, filter: string, parameters: Parameters): string {
  const negated = filter.startsWith('not.')
  const rest = negated ? filter.slice(4) : filter
  const dot = rest.indexOf('.')
  const operator = rest.slice(0, Math.max(dot, 0))
  const value = rest.slice(dot + 1)
  const name = quote(column)
  const clause = (): string | undefined => {
    if (operator === 'is') {
      const word = IS_VALUES[value.toLowerCase()]
      return word && `${name} is ${word}`
    }
    if (operator === 'in') return `${name} = any(${parameters.add(listItems(value))})`
    const sql = OPERATORS[operator]
    return sql && `${name} ${sql} ${parameters.add(operator.endsWith('like') ? value.replaceAll('*', '%') : value)}`
  }
  const sql = clause()
  if (!sql) throw apiError(400, 'PGRST100', `"failed to parse filter (${filter})"`)
  return negated ? `not (${sql})` : sql
}

/** `(a,b,"c,d")` */
function listItems(value: string): string[] {
  if (!/^\(.*\)$/s.test(value)) throw apiError(400, 'PGRST100', `"failed to parse filter (in.${value})"`)
  const items = value.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)
  return [...items].map(([, quoted, plain = '']) => quoted?.replace(/\\(.)/gs, '$1') ?? plain)
}

/** The rows asked for: `limit` and `offset`, or else a `Range` header; never more than `maxRows`. */
export function windowOf(query: URLSearchParams, range: string | undefined, maxRows: number): Window {
  const [from, to] = /^(\d+)-(\d*)$/.exec(range ?? '')?.slice(1) ?? []
  const whole = (name: string): number | undefined => {
    const text = query.get(name)
    if (text === null) return undefined
    if (!/^\d+$/.test(text)) throw apiError(400, 'PGRST100', `"failed to parse ${name} parameter (${text})"`)
    return Number(text)
  }
  const offset = whole('offset') ?? Number(from ?? 0)
  return { offset, limit: Math.min(whole('limit') ?? (to ? Number(to) - Number(from) + 1 : maxRows), maxRows) }
}

/**
 * The statement that reads rows from `source` (a table's name, or a function's call) the way the query string says.
 * Values travel as parameters; names are quoted. `skip` names query parameters that are no filters.
 */
export function readStatement(
  source: string,
  query: URLSearchParams,
  window: Window,
  options: { count: boolean; parameters?: Parameters; skip?: ReadonlySet<string> },
): Statement {
  const parameters = options.parameters ?? new Parameters()
  const conditions = [...query]
    .filter(([name]) => !RESERVED.has(name) && !options.skip?.has(name))
    .map(([name, filter]) => condition(name, filter, parameters))
  const where = conditions.length ? ` where ${conditions.join(' and ')}` : ''
  const limit = ` limit ${parameters.add(window.limit)}::bigint`
  const offset = window.offset ? ` offset ${parameters.add(window.offset)}::bigint` : ''
  const rows = `select ${columns(query.get('select'))} from ${source}${where}${ordering(query.get('order'))}${limit}${offset}`
  const total = options.count ? `(select count(*) from ${source}${where})` : 'null'
  return {
    text: `select coalesce(json_agg(_rows), '[]')::text, count(*)::int, ${total} from (${rows}) as _rows`,
    values: parameters.values,
  }
}
