/** Small helpers for reading JSON that is not yet known to have any shape. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value's fields without those named and without nulls at the top level; {} when it is no object. */
export function fieldsExcept(value: unknown, ...names: string[]): Record<string, unknown> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([key, field]) => field !== null && !names.includes(key)))
}

/** `{}` for an empty record, so that spreading it leaves the field out. */
export function optionalPayload(fields: Record<string, unknown>): { payload?: Record<string, unknown> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return given.length > 0 ? { payload: Object.fromEntries(given) } : {}
}

/** Appends key and index segments to a JSON path: `$.entry[0]` and ['message', 'mid'] give `$.entry[0].message.mid`. */
export function jsonPath(base: string, segments: readonly PropertyKey[]): string {
  let path = base
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`
    else if (/^[A-Za-z_]\w*$/.test(String(segment))) path += `.${String(segment)}`
    else path += `[${JSON.stringify(String(segment))}]`
  }
  return path
}
