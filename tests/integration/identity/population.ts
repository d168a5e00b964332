import { randomNumbers } from '../concurrency/retry.ts'
import { given } from '../ingest/sandbox.ts'
import { type Id, keyOf, type Word } from './oracle.ts'
import type { Delivery } from './world.ts'

/** Identities that several people share: they stay together, at whichever of them was there first. */
export interface Floating {
  keys: string[]
  /** One identity of each of the people. */
  between: string[]
}

export interface Population {
  deliveries: Delivery[]
  floating: Floating[]
}

/**
 * People of every sort, and what is delivered of them. Who is one person must not depend on the order of arrival, so these are
 * left out, where the rules of resolution let the first delivery decide:
 * - somebody known by a shared phone and nothing that tells the two people apart: the phone's owner takes the rest as well;
 * - somebody whom one delivery gives two ids of a kind that a person has one of, without saying that one replaced the other;
 * - a stronger identity of one person and a weaker one of another in one delivery.
 * The shared identities themselves float: who has them is not compared, only that it is one of those who share them.
 */
export function populate(seed: number, people: number): Population {
  const random = randomNumbers(seed)
  const population = new Builder(random)
  for (let number = 1; number <= people; number += 1) population.add(number)
  return { deliveries: population.deliveries, floating: population.floating }
}

type Handles = Record<'psid' | 'wa' | 'user' | 'chat' | 'card' | 'paper' | 'phone' | 'mail' | 'mail2', Id>

class Builder {
  readonly deliveries: Delivery[] = []
  readonly floating: Floating[] = []
  readonly #random: () => number
  #said = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** One more person, or two who share something. */
  add(number: number): void {
    const sort = this.#draw(10)
    if (sort === 0) this.#family(number)
    else if (sort === 1) this.#neighbours(number)
    else if (sort === 2) this.#twoCards(number)
    else if (sort === 3) this.#renewed(number)
    else if (sort === 4) this.#abroad(number)
    else if (sort === 5) this.#corrected(number)
    else this.#someone(handles(number * 10))
  }

  /** Every pair of a random tree over some of the person's identities, in which all hang together, and more subsets of them. */
  #someone(all: Handles): void {
    const known = this.#some(Object.values(all))
    this.#tree(known)
    this.#alone(known)
    for (let more = this.#draw(3); more > 0; more -= 1) this.#deliver(this.#some(known))
    this.#deliver([this.#one(known), { kind: 'psid', scope: 'page', value: 'hidden' }])
  }

  /** Two people with papers and cards of their own and one phone, which also writes on its own. */
  #family(number: number): void {
    const [one, other] = [handles(number * 10 + 1), handles(number * 10 + 2)]
    const { phone } = one
    for (const { psid, paper, card, mail, chat } of [one, other]) {
      this.#tree([paper, psid, card, mail, chat])
      this.#deliver([psid, paper, phone])
      this.#deliver([card, paper, phone])
      this.#deliver([chat, paper, phone])
    }
    this.#deliver([phone])
    this.floating.push({ keys: [keyOf(phone)], between: [keyOf(one.paper), keyOf(other.paper)] })
  }

  /** Two who write to the page themselves and have one phone and no papers. */
  #neighbours(number: number): void {
    const [one, other] = [handles(number * 10 + 1), handles(number * 10 + 2)]
    this.#alone([one.psid, other.psid, one.phone])
    this.#deliver([one.psid, one.phone])
    this.#deliver([other.psid, one.phone])
    this.floating.push({ keys: [keyOf(one.phone)], between: [keyOf(one.psid), keyOf(other.psid)] })
  }

  /** The contacts API has two records of one person: only somebody can decide that. */
  #twoCards(number: number): void {
    const [one, other] = [handles(number * 10 + 1), handles(number * 10 + 2)]
    const floating = [one.mail, one.psid, one.user]
    this.#tree(floating)
    this.#alone(floating)
    this.#deliver([one.card, one.mail])
    this.#deliver([other.card, one.mail])
    this.floating.push({ keys: floating.map(keyOf), between: [keyOf(one.card), keyOf(other.card)] })
  }

  /** Ids that changed: a WhatsApp user id, a number, and papers, of which a person has one. */
  #renewed(number: number): void {
    const [before, now] = [handles(number * 10 + 1), handles(number * 10 + 2)]
    const changes = this.#some([
      [before.user, now.user],
      [before.wa, now.wa],
      [before.paper, now.paper],
    ] as const)
    const hasPapers = changes.some(([old]) => old === before.paper)
    // The one record that the contacts API has of a person always names the same paper.
    if (hasPapers) this.#deliver([before.card, now.paper])
    const known = this.#some(hasPapers ? [before.psid, before.mail] : [before.psid, before.card, before.mail])
    for (const [old, current] of changes) {
      this.#deliver([current], [old])
      this.#deliver([current, this.#one(known)])
      this.#deliver([old, this.#one(known)])
      this.#alone([old, current])
    }
    this.#tree([...known, ...changes.map(([, current]) => current)])
  }

  /** Papers that were corrected, once or back and forth, always beside the id that names the person. */
  #corrected(number: number): void {
    const { psid, card, mail, user } = handles(number * 10 + 1)
    const papers = [1, 2, 3].map((name) => handles(number * 10 + name).paper)
    for (let times = 1 + this.#draw(5); times > 0; times -= 1) this.#deliver([psid, this.#one(papers)])
    // At most one record, whose word counts whatever a chat says.
    if (this.#draw(2) === 0) this.#deliver([card, psid, this.#one(papers)])
    this.#tree([psid, mail, user])
    this.#alone([psid, mail])
  }

  /** A phone in two notations, neither of which any delivery has beside the other. */
  #abroad(number: number): void {
    const digits = String(number).padStart(7, '0')
    const [written, otherwise] = this.#one([
      [`+55119${'8'}${digits}`, `+5511${'8'}${digits}`],
      [`+521551${digits}`, `+52551${digits}`],
      [`+549117${digits}`, `+54117${digits}`],
    ] as const)
    const all = handles(number * 10)
    const phones: Id[] = [written, otherwise].map((value) => ({ kind: 'phone', scope: '', value: withoutOne(value) }))
    const wa: Id = { kind: 'wa_id', scope: '', value: otherwise.slice(1) }
    this.#alone(this.#some([...phones, wa]))
    this.#tree([all.mail, all.psid, given(phones[0])])
    this.#tree([all.user, given(phones[1])])
    this.#tree([all.card, all.paper, this.#one(phones)])
    this.#deliver([all.chat, wa])
  }

  #alone(known: readonly Id[]): void {
    for (const id of known) for (let times = this.#draw(3); times > 0; times -= 1) this.#deliver([id])
  }

  #tree(known: readonly Id[]): void {
    for (const [place, id] of known.entries()) {
      this.#deliver(place === 0 ? [id] : [id, this.#one(known.slice(0, place))])
    }
  }

  /** The delivery in a way that can bring these identities: a card is the contacts API's, all else is a chat's word. */
  #deliver(identities: readonly Id[], previous?: readonly Id[]): void {
    const kinds = new Set(identities.map(({ kind, scope }) => `${kind} ${scope}`.trim()))
    const word: Word = {
      source: kinds.has('b2chat_id contacts') ? 'contacts_api' : 'chat_embedded',
      identities,
      ...(previous ? { previous } : {}),
    }
    this.#said += 1
    const ways: Delivery[] = [{ ...word, to: 'contacts' }]
    if (word.source === 'chat_embedded') {
      ways.push({ ...word, to: 'merchant', thread: `t${this.#said}`, said: this.#said })
      if (identities.some(({ kind, value }) => kind === 'psid' && value !== 'hidden'))
        ways.push({ ...word, to: 'page', said: this.#said })
      if (kinds.has('wa_id') || kinds.has('bsuid WABA1')) ways.push({ ...word, to: 'number', said: this.#said })
    }
    const way = this.#one(ways.slice(-2))
    this.deliveries.push(way, ...(this.#draw(4) === 0 ? [way] : []))
  }

  #draw(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #one<T>(list: readonly T[]): T {
    return given(list[this.#draw(list.length)])
  }

  /** Some of them, at least one, in another order. */
  #some<T>(list: readonly T[]): T[] {
    const ranked = list.map((value) => ({ value, rank: this.#random() })).sort((a, b) => a.rank - b.rank)
    return ranked.slice(0, 1 + this.#draw(list.length)).map(({ value }) => value)
  }
}

/** Everything that somebody may be known by. */
function handles(name: number): Handles {
  const digits = String(name).padStart(6, '0')
  return {
    psid: { kind: 'psid', scope: 'page', value: `PSID-${name}` },
    wa: { kind: 'wa_id', scope: '', value: `573001${digits}` },
    user: { kind: 'bsuid', scope: 'WABA1', value: `CO.${name}` },
    chat: { kind: 'b2chat_id', scope: 'chats', value: String(name) },
    card: { kind: 'b2chat_id', scope: 'contacts', value: String(name) },
    paper: { kind: 'identification', scope: '', value: `CC-${name}` },
    phone: { kind: 'phone', scope: '', value: `+573101${digits}` },
    mail: { kind: 'email', scope: '', value: `p${name}@example.com` },
    mail2: { kind: 'email', scope: '', value: `p${name}@example.org` },
  }
}

/** Mexico's numbers are stored without the 1, which is no possible number any more. */
function withoutOne(phone: string): string {
  return phone.replace(/^\+521(\d{10})$/, '+52$1')
}
