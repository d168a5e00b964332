/** The fields of a person, as contacts and the participants of messages have them. */
import { z } from 'zod'
import type { ProviderTime } from '../../contract/inbound.ts'
import { KIND_NAMES } from '../../contract/kinds.ts'
import { isStorableText } from '../../lib/clean-text.ts'
import { withoutNulls } from './reading.ts'

/** An id that could not be stored as it is would become another id, so it is refused. */
export const id = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => text.trim() !== '', 'Expected an id, and this is blank')
    .refine(isStorableText, 'Expected text that Postgres can hold: no NUL, no lone surrogate')

/** Exports often write numbers for phones and document numbers: they are taken for their digits while those are exact. */
const fieldText = z.union(
  [
    z.string().max(4000),
    z
      .number()
      .refine(Number.isSafeInteger)
      .transform((number) => String(number)),
  ],
  'Expected a text of at most 4,000 characters, or a whole number of at most 15 digits',
)

const ISO_WITH_ZONE = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}(?::?\d{2})?)$/

/** As far as a `Date` goes. */
const MAX_MS = 8.64e15

/** Epoch milliseconds; null when it is no time. As the database reads it: numbers of ten digits or fewer are seconds. */
export function epochMs(time: ProviderTime): number | null {
  if (typeof time === 'number') {
    const ms = Math.trunc(Math.abs(time) < 1e10 ? time * 1000 : time)
    return Math.abs(ms) <= MAX_MS ? ms : null
  }
  const [, day, clock, zone = ''] = ISO_WITH_ZONE.exec(time) ?? []
  if (day === undefined) return null
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const ms = Date.parse(`${day}T${clock}${offset}`)
  return Number.isNaN(ms) ? null : ms
}

export const time = z
  .union([z.number(), z.string()], 'Expected ISO 8601 with a time zone, or epoch milliseconds')
  .refine((value) => epochMs(value) !== null, 'Expected ISO 8601 with a time zone, or epoch milliseconds')

/** The same as text: what is an epoch number becomes ISO 8601. */
export const isoTime = time.transform((value) =>
  typeof value === 'string' ? value : new Date(epochMs(value) ?? Number.NaN).toISOString(),
)

const identity = z.preprocess(
  withoutNulls,
  z.object({
    kind: z.enum(KIND_NAMES),
    scope: id(256).exactOptional(),
    value: id(256),
  }),
)

export const identities = z.array(identity)

export const personShape = {
  identities: identities.exactOptional(),
  previous_identities: identities.exactOptional(),
  full_name: fieldText.exactOptional(),
  email: fieldText.exactOptional(),
  phone: fieldText.exactOptional(),
  mobile: fieldText.exactOptional(),
  landline: fieldText.exactOptional(),
  wa_id: fieldText.exactOptional(),
  identification: fieldText.exactOptional(),
  address: fieldText.exactOptional(),
  city: fieldText.exactOptional(),
  country: fieldText.exactOptional(),
  company: fieldText.exactOptional(),
  merchant_id: fieldText.exactOptional(),
  tags: z.array(z.unknown()).exactOptional(),
  custom_attributes: z.record(z.string(), z.unknown()).exactOptional(),
}
