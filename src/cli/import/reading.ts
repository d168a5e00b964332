/** What all kinds of import records have in common: how a line's JSON becomes an entry, or why it does not. */
import type { z } from 'zod'
import { isRecord, jsonPath } from '../../lib/json.ts'

/** Why a line is not in the database: the JSON path of what is wrong in it, and what is. Quotes no values. */
export interface Problem {
  path: string
  what: string
}

/** A record that was read. `ignored` names the fields that the format does not know and that were left out. */
export type Reading<Entry> =
  | { ok: true; entry: Entry; ignored: string[]; isSanitized: boolean }
  | ({ ok: false } & Problem)

/** The first thing a schema complained about. */
export function schemaProblem(error: z.ZodError): Problem {
  const issue = error.issues[0]
  return { path: jsonPath('$', issue?.path ?? []), what: issue?.message ?? 'Invalid input' }
}

/** For a schema's preprocessing: an object without the fields that are null, which say nothing. */
export function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

/** The fields of an object that `known` does not have, nulls left out. */
export function unknownFields(value: unknown, known: ReadonlySet<string>): Record<string, unknown> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([name, field]) => field !== null && !known.has(name)))
}
