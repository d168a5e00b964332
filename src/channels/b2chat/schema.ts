/**
 * What an export's answer must have: the envelope, and in each record the id it is landed under. The records are landed
 * as they came; the database reads the rest of them.
 */
import { z } from 'zod'
import type { RejectedItem } from '../../contract/inbound.ts'
import { cleanJson } from '../../lib/clean-text.ts'
import { isRecord, jsonPath } from '../../lib/json.ts'
import { firstProblem, type RejectionReason } from '../deliveries.ts'
import { requiredId } from '../field-schemas.ts'
import { B2ChatError } from './errors.ts'

export type B2ChatEntity = 'contacts' | 'chats'

/** A record as B2Chat gave it, storable as jsonb. `sanitized: true` is added where its text had to be changed for that. */
export type RawRecord = Record<string, unknown>

/** An id: a text, or a whole number (contacts). A text that could not be stored as it is would become another id. */
const recordId = z.union([requiredId.refine((id) => id.trim() !== ''), z.int().positive()]).transform(String)

const count = z.union([z.int().nonnegative(), z.string().regex(/^\d+$/).transform(Number)])

/** How many records the filter matches. The documentation's sample of chats has none, so it is never relied on. */
const envelopeFields = { total: count.nullish().catch(null) }

const EXPORTS = {
  contacts: {
    envelope: z.looseObject({ ...envelopeFields, contacts: z.array(z.unknown()) }).transform(({ total, contacts }) => ({
      total,
      elements: contacts,
    })),
    record: z.looseObject({ contact_id: recordId }).transform(({ contact_id }) => contact_id),
  },
  chats: {
    envelope: z.looseObject({ ...envelopeFields, chats: z.array(z.unknown()) }).transform(({ total, chats }) => ({
      total,
      elements: chats,
    })),
    record: z.looseObject({ chat_id: recordId }).transform(({ chat_id }) => chat_id),
  },
} as const

/** One element of an answer: a record with its id, or what has to be set aside. */
export type ReadElement = { id: string; record: RawRecord } | { id: null; rejected: RejectedItem }

export interface ReadAnswer {
  /** In the order of the answer. */
  elements: ReadElement[]
  /** How many records the window has, where the answer says so. */
  total: number | null
}

/** Reads an export's answer. Throws B2ChatError `unexpected_answer` unless it is the envelope. */
export function readAnswer(entity: B2ChatEntity, answer: unknown): ReadAnswer {
  const envelope = EXPORTS[entity].envelope.safeParse(answer)
  if (!envelope.success) {
    throw new B2ChatError('unexpected_answer', `B2Chat answered GET /${entity}/export with other JSON than documented.`)
  }
  const { elements, total } = envelope.data
  return {
    elements: elements.map((element, i) => readElement(entity, element, `$.${entity}[${i}]`)),
    total: total ?? null,
  }
}

function readElement(entity: B2ChatEntity, element: unknown, path: string): ReadElement {
  const id = EXPORTS[entity].record.safeParse(element)
  if (id.success && isRecord(element)) return { id: id.data, record: storable(element) }
  const reason: RejectionReason = 'malformed'
  return {
    id: null,
    rejected: { reason, path: jsonPath(path, id.error ? firstProblem(id.error) : []), item: storableItem(element) },
  }
}

function storableItem(element: unknown): unknown {
  if (isRecord(element)) return storable(element)
  const wrapped = storable({ value: element })
  return 'sanitized' in wrapped ? wrapped : element
}

/** The ids are judged as delivered; only then is the text made storable. */
function storable(record: RawRecord): RawRecord {
  const { value, changed } = cleanJson(record)
  return changed.length > 0 && isRecord(value) ? { ...value, sanitized: true } : record
}
