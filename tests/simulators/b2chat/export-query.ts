/** What the two export endpoints make of a query string: validation, filter by day, order, page, and fields left out. */
import type { Dataset } from './people.ts'
import type { ChatRecord, ContactRecord } from './records.ts'

export type Endpoint = 'contacts' | 'chats'

export interface ExportRules {
  /** Whether rows of the last date of a range are in it. The documentation does not say. */
  rangeEnd: 'inclusive' | 'exclusive'
  /** False: the chats answer has neither `total` nor `exported`, like the documentation's sample. */
  chatTotals: boolean
  /** The most rows an answer has. */
  maxLimit: number
  /** What is answered in a record's place. */
  broken: ReadonlyMap<ContactRecord | ChatRecord, unknown>
}

/** A query the API turns away with a 400. */
export class BadQuery extends Error {}

const DATE = /^\d{4}-\d{2}-\d{2}$/

export function answerExport(
  endpoint: Endpoint,
  dataset: Dataset,
  query: URLSearchParams,
  rules: ExportRules,
): unknown {
  const limit = Math.min(wholeNumber(query, 'limit', endpoint === 'chats' ? 1000 : undefined), rules.maxLimit)
  const offset = wholeNumber(query, 'offset', endpoint === 'chats' ? 0 : undefined)
  const page = <Row>(rows: Row[]) => rows.slice(offset, offset + limit)
  if (endpoint === 'contacts') {
    const rows = contactRows(dataset, query, rules)
    const contacts = page(rows).map((row) =>
      rules.broken.has(row) ? rules.broken.get(row) : { ...row, ...leftOut(row, query) },
    )
    return { total: rows.length, exported: contacts.length, contacts }
  }
  const rows = chatRows(dataset, query, rules)
  const chats = page(rows).map((row) => {
    const contact = row.contact && { ...row.contact, ...leftOut(row.contact, query) }
    return rules.broken.has(row) ? rules.broken.get(row) : { ...row, contact }
  })
  return { ...(rules.chatTotals ? { total: rows.length, exported: chats.length } : {}), chats }
}

function contactRows({ contacts }: Dataset, query: URLSearchParams, rules: ExportRules): ContactRecord[] {
  const direction = choice(query, 'order_dir', ['ASC', 'DESC'])
  let rows = [...contacts]
  let sortedBy: 'created' | 'updated' | undefined
  for (const field of ['created', 'updated'] as const) {
    const range = dateRange(query, field)
    if (!range) continue
    sortedBy = field
    rows = rows.filter((row) => isWithin(row[field], range, rules))
  }
  return sortedBy && direction ? sorted(rows, sortedBy, direction) : rows
}

function chatRows({ chats }: Dataset, query: URLSearchParams, rules: ExportRules): ChatRecord[] {
  const range = dateRange(query, 'date_range')
  if (range && !(range.from < range.to)) throw new BadQuery('date_range: from must be before to')
  const direction = choice(query, 'order_dir', ['asc', 'desc']) ?? 'desc'
  const rows = chats.filter((row) => !range || isWithin(row.created_at, range, rules))
  return sorted(rows, 'created_at', direction)
}

function leftOut(
  { custom_attributes, tags }: Pick<ContactRecord, 'custom_attributes' | 'tags'>,
  query: URLSearchParams,
): Pick<ContactRecord, 'custom_attributes' | 'tags'> {
  const isSkipped = (name: string) => choice(query, name, ['true', 'false']) !== 'false'
  return {
    custom_attributes: isSkipped('skip_custom_attributes') ? null : custom_attributes,
    tags: isSkipped('skip_tags') ? null : tags,
  }
}

/** Rows of the same second stay in the order they are stored in. */
function sorted<Field extends string, Row extends Record<Field, string>>(
  rows: Row[],
  by: Field,
  direction: string,
): Row[] {
  const sign = direction.toLowerCase() === 'asc' ? 1 : -1
  return rows.toSorted((a, b) => (a[by] === b[by] ? 0 : a[by] < b[by] ? -sign : sign))
}

function isWithin(time: string, { from, to }: { from: string; to: string }, rules: ExportRules): boolean {
  const day = time.slice(0, 10)
  return day >= from && (rules.rangeEnd === 'inclusive' ? day <= to : day < to)
}

function dateRange(query: URLSearchParams, name: string): { from: string; to: string } | undefined {
  const [from, to] = [query.get(`${name}_from`), query.get(`${name}_to`)]
  if (from === null && to === null) return undefined
  if (from === null || to === null || !DATE.test(from) || !DATE.test(to)) throw new BadQuery(`${name}: dates only`)
  return { from, to }
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number | undefined): number {
  const text = query.get(name) ?? fallback?.toString() ?? ''
  if (!/^\d+$/.test(text)) throw new BadQuery(`${name}: a whole number is needed`)
  return Number(text)
}

function choice(query: URLSearchParams, name: string, values: readonly string[]): string | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!values.includes(text)) throw new BadQuery(`${name}: not one of ${values.join(', ')}`)
  return text
}
