import type { Identity, Participant } from '../../../src/contract/inbound.ts'

/** The accounts of a stream: a page, and two WhatsApp numbers of one business. */
export const ACCOUNTS = ['page', 'number', 'line'] as const
export type AccountName = (typeof ACCOUNTS)[number]

/** A way in which a delivery may name a person on an account. */
export interface Naming {
  thread?: string
  participant?: Participant
}

export interface Person {
  name: string
  /** On each account: every way to name the person, and the deliveries that say that all of them are one. */
  on: Partial<Record<AccountName, { namings: Naming[]; bridges: Naming[] }>>
  /** What the contacts API knows of the person. */
  record?: { identities: Identity[]; [field: string]: unknown }
}

const wa = (value: string): Identity => ({ kind: 'wa_id', value })
const user = (value: string): Identity => ({ kind: 'bsuid', scope: 'WABA1', value })
const mail = (value: string): Identity => ({ kind: 'email', value })
/** The page's scope is left to the account. */
const psid = (value: string): Identity => ({ kind: 'psid', value })
const by = (...identities: Identity[]): Naming => ({ participant: { identities } })
const changed = (before: Identity[], ...identities: Identity[]): Naming => ({
  participant: { identities, previous_identities: before },
})

/** On a page: a webhook knows the person, the Graph API the thread, its page both. */
function onPage(id: string, thread: string, also: Identity[] = []) {
  const both = { thread, participant: { identities: [psid(id), ...also] } }
  return { namings: [by(psid(id)), by(psid(id)), by(psid(id)), { thread }, both], bridges: [both] }
}

const anaPhone = wa('573001110001')
const anaUser = user('CO.ANA')
const anaOnWhatsapp = { namings: [by(anaPhone), by(anaUser), by(anaPhone, anaUser)], bridges: [by(anaPhone, anaUser)] }

const betoOld = wa('573001110002')
const betoNew = wa('573001110022')
const caraOld = user('CO.CARA')
const caraNew = user('CO.CARA2')
const davidPhone = wa('5491144440004')
const davidUser = user('AR.DAVID')
const davidMail = mail('david@example.com')

/** Everyone who may appear, with every kind of bridge: phone and user id, thread and person, a changed number, a changed user id, an e-mail across channels. */
export const PEOPLE: readonly Person[] = [
  {
    name: 'Ana',
    on: { number: anaOnWhatsapp, line: anaOnWhatsapp },
    record: { identities: [anaPhone], city: 'Cali', full_name: 'Ana Ruiz' },
  },
  {
    name: 'Beto',
    on: { number: { namings: [by(betoOld), by(betoOld), by(betoNew)], bridges: [changed([betoOld], betoNew)] } },
  },
  {
    name: 'Cara',
    on: { line: { namings: [by(caraOld), by(caraNew)], bridges: [changed([caraOld], caraNew)] } },
  },
  {
    name: 'David',
    on: {
      page: onPage('PSID-D', 't_d', [davidMail]),
      number: {
        namings: [by(davidPhone), by(davidUser), by(davidPhone, davidUser), by(davidPhone, davidMail)],
        bridges: [by(davidPhone, davidUser, davidMail)],
      },
    },
    record: { identities: [davidMail, davidPhone], company: 'Acme', full_name: 'David Paz', phone: null },
  },
  { name: 'Eva', on: { page: onPage('PSID-E', 't_e') } },
  { name: 'Fede', on: { page: onPage('PSID-F', 't_f') } },
  {
    // Nobody: a thread whose person the provider hides.
    name: 'Nobody',
    on: {
      page: {
        namings: [{ thread: 't_n', participant: { identities: [psid('hidden')] } }, { thread: 't_n' }],
        bridges: [],
      },
    },
  },
]
