import { createRandom } from '../random.ts'
import type { Dataset } from './people.ts'
import type { ChatRecord, ContactRecord } from './records.ts'

/** Records whose id cannot be used: they must be set aside, and nothing beside them. */
const WITHOUT_ID: readonly [
  (idField: string, row: object) => unknown,
  ...((idField: string, row: object) => unknown)[],
] = [
  (idField, row) => ({ ...row, [idField]: undefined }),
  (idField, row) => ({ ...row, [idField]: null }),
  (idField, row) => ({ ...row, [idField]: '' }),
  (idField, row) => ({ ...row, [idField]: { id: 1 } }),
  (idField, row) => ({ ...row, [idField]: 1.5 }),
  (idField, row) => ({ ...row, [idField]: 'a\u0000b' }),
  () => 'a text in a record\u0000’s place',
  () => null,
  () => [],
]

/** Records with a usable id and fields of other types or of text that no database stores: they must pass. */
const ODD: readonly [(row: object) => unknown, ...((row: object) => unknown)[]] = [
  (row) => ({ ...row, email: 42, tags: 'VIP', custom_attributes: { Asesor: true } }),
  (row) => ({ ...row, city: 'Ca\u0000li', 'ke\u0000y': '\ud800' }),
  (row) => ({ ...row, something_new: [1, { deep: true }], messages: null }),
]

export interface BrokenRecords {
  broken: Map<ContactRecord | ChatRecord, unknown>
  /** How many of them have no usable id. */
  unusable: { contacts: number; chats: number }
}

/** Breaks this part of all records of a data set, half of them beyond use. */
export function breakRecords({ contacts, chats }: Dataset, seed: number, part: number): BrokenRecords {
  const random = createRandom(seed)
  const broken = new Map<ContactRecord | ChatRecord, unknown>()
  const unusable = { contacts: 0, chats: 0 }
  const breakSome = (rows: readonly (ContactRecord | ChatRecord)[], idField: string, entity: 'contacts' | 'chats') => {
    for (const row of rows) {
      if (!random.chance(part)) continue
      const isUnusable = random.chance(0.5)
      if (isUnusable) unusable[entity] += 1
      broken.set(row, isUnusable ? random.pick(WITHOUT_ID)(idField, row) : random.pick(ODD)(row))
    }
  }
  breakSome(contacts, 'contact_id', 'contacts')
  breakSome(chats, 'chat_id', 'chats')
  return { broken, unusable }
}
