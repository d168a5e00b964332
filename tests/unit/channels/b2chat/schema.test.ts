import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readAnswer } from '../../../../src/channels/b2chat/schema.ts'
import { createDataset } from '../../../simulators/b2chat/people.ts'

const fixture = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../../fixtures/b2chat/${name}-export.json`, import.meta.url), 'utf8'))

const contact = (contact_id: unknown) => readAnswer('contacts', { contacts: [{ contact_id }] }).elements[0]

describe('the documented samples', () => {
  it('are read as they are', async () => {
    const contacts = z.object({ contacts: z.array(z.unknown()) }).parse(await fixture('contacts'))
    expect(readAnswer('contacts', contacts)).toEqual({
      total: null,
      elements: [{ id: '123', record: contacts.contacts[0] }],
    })
    expect(readAnswer('contacts', await fixture('contacts')).total).toBe(22_197)
    const chats = z.object({ chats: z.array(z.unknown()) }).parse(await fixture('chats'))
    const id = '0384fd61-98a3-4e0e-a475-bffbeb5c575f'
    expect(readAnswer('chats', chats)).toEqual({ total: null, elements: [{ id, record: chats.chats[0] }] })
  })

  it('have the fields that the simulator’s records have', async () => {
    const { contacts, chats } = createDataset({ seed: 1, people: 20, firstDay: '2026-01-01', days: 1 })
    const Keys = z.looseObject({ contact: z.looseObject({}).nullish(), messages: z.array(z.looseObject({})).nullish() })
    const shape = (record: unknown) => {
      const { contact, messages, ...fields } = Keys.parse(record)
      return [fields, contact ?? {}, messages?.[0] ?? {}].map((part) => Object.keys(part).sort())
    }
    const [first] = readAnswer('contacts', await fixture('contacts')).elements
    expect(first && 'record' in first && shape(first.record)).toEqual(shape(contacts[0]))
    const [chat] = readAnswer('chats', await fixture('chats')).elements
    expect(chat && 'record' in chat && shape(chat.record)).toEqual(shape(chats.find((row) => row.contact)))
  })
})

describe('an id', () => {
  it.each([
    [7, '7'],
    ['7', '7'],
    ['0384fd61-98a3', '0384fd61-98a3'],
  ])('may be %j', (given, id) => {
    expect(contact(given)).toEqual({ id, record: { contact_id: given } })
  })

  it.each([null, undefined, '', '  ', 0, -1, 1.5, 2 ** 53, true, {}, [7], 'a\u0000', '\ud800'])(
    'is never %j',
    (given) => {
      expect(contact(given)).toMatchObject({
        id: null,
        rejected: { reason: 'malformed', path: '$.contacts[0].contact_id' },
      })
    },
  )
})

describe('an element', () => {
  it.each([null, 'Ana', 5, [], true])('that is no record is set aside whole: %j', (element) => {
    const { elements } = readAnswer('chats', { chats: [{ chat_id: 'a' }, element] })
    expect(elements[1]).toEqual({ id: null, rejected: { reason: 'malformed', path: '$.chats[1]', item: element } })
    expect(elements[0]).toMatchObject({ id: 'a' })
  })

  it('keeps every field, and says so where its text had to change', () => {
    const record = { contact_id: 1, 'ne\u0000w': 'x', city: 'Ca\u0000li\ud800', tags: [{ name: 'VIP' }] }
    const { elements } = readAnswer('contacts', { contacts: [record, record.city, { fullname: 'A\u0000na' }] })
    expect(elements[0]).toEqual({
      id: '1',
      record: { contact_id: 1, new: 'x', city: 'Cali\uFFFD', tags: [{ name: 'VIP' }], sanitized: true },
    })
    expect(elements[1]).toMatchObject({ rejected: { item: { value: 'Cali\uFFFD', sanitized: true } } })
    expect(elements[2]).toMatchObject({ rejected: { item: { fullname: 'Ana', sanitized: true } } })
  })
})

describe('the total', () => {
  it.each([
    [0, 0],
    ['12', 12],
    [undefined, null],
    [null, null],
    [-1, null],
    ['many', null],
    [{}, null],
  ])('%j is read as %j', (total, read) => {
    expect(readAnswer('contacts', { total, contacts: [] }).total).toBe(read)
  })
})
