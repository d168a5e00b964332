import fc from 'fast-check'

/** Strings as a hostile payload may hold them: with NUL, lone surrogates, emoji and accents. */
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', '1', '_', '$') },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\ud800', '\udfff', 'é', '😀', '"', '\\') },
)
export const dirtyText = fc.array(unit, { maxLength: 6 }).map((units) => units.join(''))

/** Any JSON value, its strings and keys often not storable. */
export const dirtyJson: fc.Arbitrary<unknown> = fc.jsonValue({ stringUnit: unit, maxDepth: 3 })

/** Judges text by its UTF-8 form, independently of the code under test. */
function isStorableString(text: string): boolean {
  return new TextDecoder().decode(new TextEncoder().encode(text)) === text && text.indexOf('\0') < 0
}

export function isStorableJson(value: unknown): boolean {
  if (typeof value === 'string') return isStorableString(value)
  if (Array.isArray(value)) return value.every(isStorableJson)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, child]) => isStorableString(key) && isStorableJson(child))
}

/** A generated body and the marks of the elements in it that must be accounted for. */
export interface MarkedBody {
  body: unknown
  marks: string[]
}

/** Numbers elements in order of appearance, so that each can be found again in what became of it. */
export class Marks {
  readonly all: string[] = []

  next(): string {
    const mark = `mark-${this.all.length}-`
    this.all.push(mark)
    return mark
  }
}

/** What may be done to an element: nothing, one of its fields replaced, or all of it but its mark. */
export type Damage = { kind: 'none' } | { kind: 'field'; at: number; by: unknown } | { kind: 'bare'; by: unknown }

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Damage>({ kind: 'none' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('field' as const), at: fc.nat(20), by: dirtyJson }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bare' as const), by: dirtyJson }) },
)

/** The element with the damage done, and still with its mark in it. */
export function damaged(element: Record<string, unknown>, mark: string, harm: Damage): unknown {
  if (harm.kind === 'none') return { ...element, mark }
  if (harm.kind === 'bare') return [mark, harm.by]
  const keys = Object.keys(element)
  const key = keys[harm.at % keys.length] ?? 'none'
  return { ...element, [key]: harm.by, mark }
}
