/**
 * Makes JSON storable: Postgres' jsonb refuses NUL characters and lone surrogates, and overflows its stack on very deep
 * nesting. https://www.postgresql.org/docs/current/datatype-json.html
 */

/** Deeper values are replaced by `TOO_DEEP`. No provider comes near it; jsonb fails in the thousands. */
export const MAX_DEPTH = 100
export const TOO_DEEP = '[nested too deeply]'

export interface Cleaned {
  /** The same reference when nothing had to change. */
  value: unknown
  /** Where something changed, as key paths into the value as delivered; empty when it was clean. */
  changed: PropertyKey[][]
}

/** True when jsonb can hold the text as it is. Both tests are linear scans without allocation. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function cleanText(text: string): string {
  return isStorableText(text) ? text : text.replaceAll('\0', '').toWellFormed()
}

/**
 * Strips NUL and replaces lone surrogates by U+FFFD in strings and keys, at every level; cuts what is nested more than
 * `MAX_DEPTH` levels; makes a number beyond a double's range (`1e400` reads as Infinity) null. Never throws on a JSON value
 * and never changes its argument; cleaning twice changes nothing more.
 */
export function cleanJson(value: unknown): Cleaned {
  const changed: PropertyKey[][] = []
  return { value: clean(value, [], changed), changed }
}

function clean(value: unknown, path: PropertyKey[], changed: PropertyKey[][]): unknown {
  if (typeof value === 'string') {
    const text = cleanText(value)
    if (text !== value) changed.push([...path])
    return text
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    changed.push([...path])
    return null
  }
  if (typeof value !== 'object' || value === null) return value
  if (path.length >= MAX_DEPTH) {
    changed.push([...path])
    return TOO_DEEP
  }
  const before = changed.length
  if (Array.isArray(value)) {
    const elements = value.map((element, index) => cleanChild(element, index, path, changed))
    return changed.length === before ? value : elements
  }
  // Built with fromEntries, because assigning a key named __proto__ would set the prototype instead.
  const entries = new Map<string, unknown>()
  const numbers = new Map<string, number>()
  for (const [key, child] of Object.entries(value)) {
    let name = cleanText(key)
    if (name !== key) {
      changed.push([...path, key])
      name = freeName(name, value, entries, numbers)
    }
    entries.set(name, cleanChild(child, key, path, changed))
  }
  return changed.length === before ? value : Object.fromEntries(entries)
}

function cleanChild(child: unknown, key: PropertyKey, path: PropertyKey[], changed: PropertyKey[][]): unknown {
  path.push(key)
  const result = clean(child, path, changed)
  path.pop()
  return result
}

/** A cleaned key may equal a neighbour's: it gets U+FFFD and a number, so that neither value is lost. */
function freeName(name: string, siblings: object, taken: Map<string, unknown>, numbers: Map<string, number>): string {
  let free = name
  while (Object.hasOwn(siblings, free) || taken.has(free)) {
    const number = (numbers.get(name) ?? 1) + 1
    numbers.set(name, number)
    free = `${name}\uFFFD${number}`
  }
  return free
}
