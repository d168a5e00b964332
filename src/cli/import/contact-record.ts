/** One line of `onefold import contacts`: docs/import.md has the format. */
import { z } from 'zod'
import { IDENTITY_KINDS } from '../../contract/kinds.ts'
import { cleanJson } from '../../lib/clean-text.ts'
import { id, isoTime, personShape } from './person-fields.ts'
import { type Reading, schemaProblem, unknownFields, withoutNulls } from './reading.ts'

const SCOPED: ReadonlySet<string> = new Set(IDENTITY_KINDS.filter((kind) => kind.isScoped).map(({ kind }) => kind))

const shape = {
  ...personShape,
  source_created_at: isoTime.exactOptional(),
  source_updated_at: isoTime.exactOptional(),
  delivery: id(512).exactOptional(),
}

const KNOWN: ReadonlySet<string> = new Set(Object.keys(shape))

const contactRecord = z.preprocess(
  withoutNulls,
  z.object(shape).check(({ value, issues }) => {
    for (const list of ['identities', 'previous_identities'] as const) {
      value[list]?.forEach((identity, index) => {
        if (!SCOPED.has(identity.kind) || identity.scope !== undefined) return
        const message = `A ${identity.kind} needs its scope here`
        issues.push({ code: 'custom', input: value, path: [list, index, 'scope'], message })
      })
    }
  }),
)

type ContactRecord = z.infer<typeof contactRecord>
export type ContactEntry = ContactRecord & { identities: NonNullable<ContactRecord['identities']>; delivery: string }

/**
 * Reads one contact. `delivery` is what `explain_contact` names as its origin where the record names none. Unknown fields
 * go to the custom attributes with `keepUnknown`, under the attributes of those names that the record gives itself.
 */
export function readContact(
  record: unknown,
  options: { delivery: string; keepUnknown: boolean },
): Reading<ContactEntry> {
  // Ids are judged as they are; everything else is read from the cleaned copy.
  const judged = contactRecord.safeParse(record)
  if (!judged.success) return { ok: false, ...schemaProblem(judged.error) }
  const clean = cleanJson(record)
  const isSanitized = clean.changed.length > 0
  const contact = isSanitized ? contactRecord.parse(clean.value) : judged.data
  const unknown = unknownFields(clean.value, KNOWN)
  const names = Object.keys(unknown)
  const isKept = options.keepUnknown && names.length > 0
  const entry: ContactEntry = {
    ...contact,
    identities: contact.identities ?? [],
    delivery: contact.delivery ?? options.delivery,
    ...(isKept ? { custom_attributes: { ...unknown, ...contact.custom_attributes } } : {}),
  }
  return { ok: true, entry, ignored: isKept ? [] : names, isSanitized }
}
