import fc from 'fast-check'
import type { Id } from './oracle.ts'
import type { Delivery } from './world.ts'

/** What is told of one person: by chats in any number, and by at most one record of the contacts API. */
export interface Told {
  chats: Delivery[]
  records: Delivery[]
}

const NAMES = ['psid', 'wa', 'user', 'userBefore', 'chat', 'paper', 'phone', 'phoneAgain', 'mail', 'mail2'] as const
type Name = (typeof NAMES)[number]
interface Said {
  names: readonly Name[]
  /** Which of somebody's papers it names, where they were corrected. */
  paper: number
}

/** Values of which some are none, some are equal to others, and some only look so. */
const fields = fc.record(
  {
    full_name: fc.constantFrom('Ana', 'Ana Ruiz', ' Ana ', 'ana', 'Unknown', '', null),
    address: fc.constantFrom('Calle 1', 'Calle 2', null),
    landline: fc.constantFrom('601 2345678', ''),
    city: fc.constantFrom('Cali', 'Zipaquirá', 'Árbol'),
    tags: fc.constantFrom([], ['vip'], ['vip', 'nuevo'], null),
    custom_attributes: fc.record(
      { plan: fc.constantFrom(1, '1', 'pro', true, '', null), zone: fc.constantFrom({ a: [1] }, { a: [] }, 'sur') },
      { requiredKeys: [] },
    ),
    source_created_at: fc.constantFrom('2024-01-01T00:00:00Z', '2023-12-31T20:00:00-05:00'),
  },
  { requiredKeys: [] },
)
const seconds = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined })
const names = fc.subarray([...NAMES], { minLength: 1, maxLength: 3 })
const way = fc.constantFrom('page', 'number', 'merchant', 'contacts')
const paper = fc.integer({ min: 1, max: 3 })
const chat = fc.record({
  paper,
  names,
  fields,
  at: seconds,
  way,
  isChange: fc.integer({ min: 0, max: 7 }).map((draw) => draw === 0),
})
const record = fc.record({ paper, names, fields, at: seconds })

/**
 * A person by number: whoever has the same number has the same ids. Papers that were corrected are named only beside a psid, which is
 * stronger, and nothing else: alone, each of them would be somebody.
 */
export const told = (person: number): fc.Arbitrary<Told> =>
  fc
    .record({
      isCorrected: fc.boolean(),
      chats: fc.array(chat, { minLength: 1, maxLength: 6 }),
      record: fc.option(record, { nil: undefined }),
    })
    .map(({ isCorrected, chats, record: api }) => ({
      chats: chats.map((one, place) => ({
        source: 'chat_embedded',
        ...(one.isChange ? changed(person) : { identities: idsOf(one, person, isCorrected) }),
        fields: one.fields,
        ...(one.at === undefined ? {} : { at: one.at }),
        ...wayOf(one.isChange ? 'contacts' : one.way, namesOf(one, isCorrected), person * 100 + place),
      })),
      records: api
        ? [
            {
              source: 'contacts_api',
              to: 'contacts',
              identities: [card(person), ...idsOf(api, person, isCorrected)],
              fields: api.fields,
              ...(api.at === undefined ? {} : { at: api.at }),
            },
          ]
        : [],
    }))

/** A page knows a psid, and a number a WhatsApp id; what cannot come that way comes as a merchant's chat. */
function wayOf(wanted: Delivery['to'], given: readonly Name[], said: number): Pick<Delivery, 'to' | 'said' | 'thread'> {
  if (wanted === 'contacts') return { to: 'contacts' }
  if (wanted === 'page' && given.includes('psid')) return { to: 'page', said }
  if (wanted === 'number' && given.some((name) => name === 'wa' || name === 'user' || name === 'userBefore')) {
    return { to: 'number', said }
  }
  return { to: 'merchant', said, thread: `t${said}` }
}

function changed(person: number): Pick<Delivery, 'identities' | 'previous'> {
  return { identities: [idOf('user', person)], previous: [idOf('userBefore', person)] }
}

function idsOf(said: Said, person: number, isCorrected: boolean): Id[] {
  return namesOf(said, isCorrected).map((name) =>
    name === 'paper' && isCorrected
      ? { kind: 'identification', scope: '', value: `CC-${person}-${said.paper}` }
      : idOf(name, person),
  )
}

function namesOf(said: Said, isCorrected: boolean): readonly Name[] {
  return isCorrected && said.names.includes('paper') ? ['psid', 'paper'] : said.names
}

function card(person: number): Id {
  return { kind: 'b2chat_id', scope: 'contacts', value: `${person}` }
}

function idOf(name: Name, person: number): Id {
  const ids: Record<Name, Id> = {
    psid: { kind: 'psid', scope: 'page', value: `P${person}` },
    wa: { kind: 'wa_id', scope: '', value: `55118000000${person}` },
    user: { kind: 'bsuid', scope: 'WABA1', value: `BR.${person}` },
    userBefore: { kind: 'bsuid', scope: 'WABA1', value: `BR.before.${person}` },
    chat: { kind: 'b2chat_id', scope: 'chats', value: `${person}` },
    paper: { kind: 'identification', scope: '', value: `CC-${person}` },
    phone: { kind: 'phone', scope: '', value: `+551198000000${person}` },
    phoneAgain: { kind: 'phone', scope: '', value: `+55118000000${person}` },
    mail: { kind: 'email', scope: '', value: `p${person}@example.com` },
    mail2: { kind: 'email', scope: '', value: `p${person}@example.org` },
  }
  return ids[name]
}
