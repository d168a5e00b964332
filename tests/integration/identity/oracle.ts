import type { IdentityKind } from '../../../src/contract/kinds.ts'

/** An identity in the form it is stored in. */
export interface Id {
  kind: IdentityKind
  scope: string
  value: string
}

/** What one delivery says of a person: who it is, and by whose word. */
export interface Word {
  source: 'chat_embedded' | 'contacts_api'
  identities: readonly Id[]
  /** The same person's old ids. */
  previous?: readonly Id[]
  /** When, by the source's clock. */
  at?: number
}

/** The strongest first. */
const KINDS: readonly IdentityKind[] = ['psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email']
/** Of these a person has one per scope. */
const EXCLUSIVE: ReadonlySet<IdentityKind> = new Set<IdentityKind>(['psid', 'b2chat_id', 'identification'])
const NEVER: Said = { rank: 0, at: -1 }
const BLOCKED = /^(?:hidden|anonymous|\+?0+)$/i

interface Held extends Id {
  isPrevious: boolean
}

/** When something was said last, and by how weighty a source. */
interface Said {
  rank: number
  at: number
}

interface Person {
  born: number
  isFull: boolean
  ids: Map<string, Held>
  /** The ids among them that some delivery called previous. */
  changed: Set<string>
  /** When each paper was named, in a delivery of this person. */
  papers: Map<string, Said>
}

/** One contact as a line: whether it is full, and its identities, previous ones with an asterisk. */
export interface Picture {
  people: string[]
  /** Pairs of people that are open merge candidates, as the pairs' lines. */
  candidates: string[]
}

export const keyOf = ({ kind, scope, value }: Id) => `${kind}@${scope}:${value}`

/**
 * The rules of resolution, one delivery after the other, with nothing but maps: who is one person, by what is said of them.
 * It knows no fields, no conversations and no concurrency. Of two identities of the same strength the one that sorts first decides.
 */
export class Oracle {
  readonly #people = new Set<Person>()
  readonly #owners = new Map<string, Person>()
  readonly #candidates = new Map<string, [Person, Person]>()
  #born = 0

  deliver(word: Word): void {
    const given = usable(word.identities, false)
    const keys = new Set(given.map(keyOf))
    const previous = usable(word.previous ?? [], true).filter((id) => !keys.has(keyOf(id)))
    const named = [...given, ...previous]
    if (named.length === 0) return

    // An id that changed keeps nobody apart, from now on.
    for (const id of previous) {
      const owner = this.#owners.get(keyOf(id))
      const held = owner?.ids.get(keyOf(id))
      if (held) held.isPrevious = true
      owner?.changed.add(keyOf(id))
    }

    const owners = this.#strongestFirst(named)
    const unowned = named.filter((id) => !this.#owners.has(keyOf(id)))
    let target = owners.find((owner) => !excludes(owner, given)) ?? (unowned.length === 0 ? owners[0] : undefined)
    if (target) {
      for (const other of owners) {
        if (other === target || excludes(other, given) || areKeptApart(target, other)) continue
        if (target.isFull && other.isFull) continue
        target = this.#merge(target, other)
      }
    } else target = this.#create()

    for (const id of unowned) {
      target.ids.set(keyOf(id), id)
      if (id.isPrevious) target.changed.add(keyOf(id))
      this.#owners.set(keyOf(id), target)
    }
    const said: Said = { rank: word.source === 'contacts_api' ? 2 : 1, at: word.at ?? -1 }
    for (const { kind, value } of given)
      if (kind === 'identification') target.papers.set(value, last(target.papers.get(value), said))
    for (const person of [target, ...owners]) if (this.#people.has(person)) settlePapers(person)
    if (word.source === 'contacts_api') target.isFull = true
    for (const other of owners) {
      if (other !== target && this.#people.has(other)) this.#candidates.set(pairKey(target, other), [target, other])
    }
  }

  /** Who is there, and who may be one person. `without` leaves identities out of the lines. */
  picture(without: ReadonlySet<string> = new Set()): Picture {
    return pictureOf(
      [...this.#people].map((person) => ({ key: person, isFull: person.isFull, ids: [...person.ids.values()] })),
      [...this.#candidates.values()],
      without,
    )
  }

  /** The owners of the identities named, and of the other notations of the phones among them. */
  #strongestFirst(named: readonly Held[]): Person[] {
    const claims = new Map<Person, { strength: number; scope: string; value: string }>()
    for (const id of named) {
      const strength = KINDS.indexOf(id.kind) + (id.isPrevious ? KINDS.length : 0)
      // A number that is named itself, perhaps as one of old, is not also looked up as another's notation.
      const others = variants(id).filter((other) => !named.some((each) => keyOf(each) === keyOf(other)))
      for (const { kind, scope, value } of [id, ...others]) {
        const owner = this.#owners.get(keyOf({ kind, scope, value }))
        if (!owner) continue
        const best = claims.get(owner) ?? { strength, scope, value }
        claims.set(owner, {
          strength: Math.min(best.strength, strength),
          scope: best.scope < scope ? best.scope : scope,
          value: best.value < value ? best.value : value,
        })
      }
    }
    return [...claims]
      .sort(([, a], [, b]) => a.strength - b.strength || compare(a.scope, b.scope) || compare(a.value, b.value))
      .map(([owner]) => owner)
  }

  #create(): Person {
    const person: Person = { born: this.#born++, isFull: false, ids: new Map(), changed: new Set(), papers: new Map() }
    this.#people.add(person)
    return person
  }

  /** A full contact survives a stub; of two stubs, the older one. */
  #merge(one: Person, other: Person): Person {
    const survives = one.isFull !== other.isFull ? one.isFull : one.born < other.born
    const [survivor, duplicate] = survives ? [one, other] : [other, one]
    for (const [key, id] of duplicate.ids) {
      survivor.ids.set(key, id)
      this.#owners.set(key, survivor)
    }
    for (const key of duplicate.changed) survivor.changed.add(key)
    for (const [value, said] of duplicate.papers) survivor.papers.set(value, last(survivor.papers.get(value), said))
    this.#people.delete(duplicate)
    for (const [key, pair] of this.#candidates) {
      if (!pair.includes(duplicate)) continue
      this.#candidates.delete(key)
      const third = pair[0] === duplicate ? pair[1] : pair[0]
      if (third !== survivor) this.#candidates.set(pairKey(survivor, third), [survivor, third])
    }
    return survivor
  }
}

/** The same picture of whoever keeps contacts: sorted, so that two are compared as they are. */
export function pictureOf<Key>(
  people: readonly { key: Key; isFull: boolean; ids: readonly Held[] }[],
  candidates: readonly (readonly [Key, Key])[],
  without: ReadonlySet<string> = new Set(),
): Picture {
  const lines = new Map(
    people.map(({ key, isFull, ids }) => {
      const shown = ids
        .filter((id) => !without.has(keyOf(id)))
        .map((id) => `${keyOf(id)}${id.isPrevious ? '*' : ''}`)
        .sort(compare)
      return [key, `${isFull ? 'full' : 'stub'} ${shown.join(' ')}`]
    }),
  )
  return {
    people: [...lines.values()].sort(compare),
    candidates: candidates
      .map((pair) => pair.map((key) => lines.get(key) ?? 'nobody'))
      .map((pair) => pair.sort(compare).join(' | '))
      .sort(compare),
  }
}

function usable(identities: readonly Id[], isPrevious: boolean): Held[] {
  const all = identities.filter(({ value }) => !BLOCKED.test(value))
  const phones = all.flatMap(({ kind, value }) => (kind === 'wa_id' ? [phone(`+${value}`)] : []))
  return [...new Map([...all, ...phones].map((id) => [keyOf(id), { ...id, isPrevious }])).values()]
}

/** A WhatsApp number of Mexico comes with a 1 that its phone number has not. */
function phone(value: string): Id {
  return { kind: 'phone', scope: '', value: value.replace(/^\+521(\d{10})$/, '+52$1') }
}

/** The same number in another notation: Brazil's ninth digit, Mexico's 1, Argentina's 9. */
function variants({ kind, scope, value }: Id): Id[] {
  if (kind !== 'phone') return []
  const notations = [
    [/^(?<area>\+55\d\d)9(?<number>[6-9]\d{7})$/, '$<area>$<number>'],
    [/^(?<area>\+55\d\d)(?<number>[6-9]\d{7})$/, '$<area>9$<number>'],
    [/^\+521(\d{10})$/, '+52$1'],
    [/^\+52(\d{10})$/, '+521$1'],
    [/^\+549(\d{10})$/, '+54$1'],
    [/^\+54(\d{10})$/, '+549$1'],
  ] as const
  const found = notations.find(([pattern]) => pattern.test(value))
  return found ? [{ kind, scope, value: value.replace(found[0], found[1]) }] : []
}

/**
 * The person has another id of a kind of which there is only one, and not also the one given. Papers are weaker than the ids that
 * providers give: who has one of those that are given is that person, whatever the papers say.
 */
function excludes(person: Person, given: readonly Id[]): boolean {
  const isNamed = given.some(
    (id) => EXCLUSIVE.has(id.kind) && id.kind !== 'identification' && person.ids.get(keyOf(id))?.isPrevious === false,
  )
  return given.some(
    (id) =>
      EXCLUSIVE.has(id.kind) &&
      !(isNamed && id.kind === 'identification') &&
      !person.ids.has(keyOf(id)) &&
      [...person.ids.values()].some((held) => clash(held, id)),
  )
}

/** Of several papers the one that was named last counts, of two of one time the greater; none that was called previous. */
function settlePapers({ ids, changed, papers }: Person): void {
  const [current, ...others] = [...ids]
    .filter(([key, { kind }]) => kind === 'identification' && !changed.has(key))
    .map(([, held]) => ({ held, said: papers.get(held.value) ?? NEVER }))
    .sort((a, b) => b.said.rank - a.said.rank || b.said.at - a.said.at || compare(b.held.value, a.held.value))
  if (current) current.held.isPrevious = false
  for (const { held } of others) held.isPrevious = true
}

/** The later of the two: the contacts API's word comes after any chat's. */
function last(known: Said = NEVER, said: Said): Said {
  return (known.rank - said.rank || known.at - said.at) > 0 ? known : said
}

function areKeptApart(one: Person, other: Person): boolean {
  return [...one.ids.values()].some(
    (a) => EXCLUSIVE.has(a.kind) && !a.isPrevious && [...other.ids.values()].some((b) => clash(b, a)),
  )
}

function clash(held: Held, id: Id): boolean {
  return !held.isPrevious && held.kind === id.kind && held.scope === id.scope && held.value !== id.value
}

function pairKey(one: Person, other: Person): string {
  return `${Math.min(one.born, other.born)} ${Math.max(one.born, other.born)}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
