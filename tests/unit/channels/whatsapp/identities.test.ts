import { describe, expect, it } from 'vitest'
import { digits, identitiesOf, systemIdentities } from '../../../../src/channels/whatsapp/identities.ts'

const phone = (value: string) => ({ kind: 'wa_id', value })
const user = (value: string) => ({ kind: 'bsuid', scope: 'W', value })

describe('digits', () => {
  it.each([
    ['573009998877', '573009998877'],
    ['+1 (650) 555-1234', '16505551234'],
    ['hidden', 'hidden'],
    ['57x', '57x'],
    ['+', '+'],
    ['', ''],
  ])('of %j are %j', (value, expected) => {
    expect(digits(value)).toBe(expected)
  })
})

describe('identitiesOf', () => {
  it('gives phones first, each id once, nothing for missing ones', () => {
    expect(identitiesOf('W', ['57300', null, '+57300', ''], ['CO.1', undefined, 'CO.1', ''])).toEqual([
      phone('57300'),
      user('CO.1'),
    ])
  })

  it('recognizes a user id in a field for phones', () => {
    expect(identitiesOf('W', ['CO.1abC', 'CO.ENT.9'], [])).toEqual([user('CO.1abC'), user('CO.ENT.9')])
  })
})

describe('systemIdentities', () => {
  const read = (fields: Record<string, string>, system: Record<string, string>) =>
    systemIdentities('W', { id: 'w', timestamp: '1', type: 'system', ...fields, system })

  it.each([
    {
      title: 'a new phone in wa_id, the old one as sender',
      fields: { from: '1' },
      system: { type: 'user_changed_number', wa_id: '2' },
      now: [phone('2')],
      before: [phone('1')],
    },
    {
      title: 'a new phone in new_wa_id, the old one in wa_id',
      fields: {},
      system: { type: 'user_changed_number', wa_id: '1', new_wa_id: '2' },
      now: [phone('2')],
      before: [phone('1')],
    },
    {
      title: 'new_wa_id without a known type',
      fields: { from: '1' },
      system: { new_wa_id: '2' },
      now: [phone('2')],
      before: [phone('1')],
    },
    {
      title: 'the old phone as customer or previous_wa_id',
      fields: {},
      system: { type: 'customer_changed_number', wa_id: '2', customer: '1', previous_wa_id: '+1' },
      now: [phone('2')],
      before: [phone('1')],
    },
    {
      title: 'the new phone as sender too',
      fields: { from: '2' },
      system: { type: 'user_changed_number', wa_id: '2' },
      now: [phone('2')],
      before: [],
    },
    {
      title: 'a new user id with the old one as previous_user_id',
      fields: {},
      system: { type: 'user_changed_user_id', user_id: 'CO.N', previous_user_id: 'CO.O' },
      now: [user('CO.N')],
      before: [user('CO.O')],
    },
    {
      title: 'the old user id as sender only',
      fields: { from_user_id: 'CO.O' },
      system: { type: 'user_id_update', user_id: 'CO.N' },
      now: [user('CO.N')],
      before: [user('CO.O')],
    },
    {
      title: 'the new user id as sender only',
      fields: { from_user_id: 'CO.N' },
      system: { type: 'user_changed_user_id', previous_user_id: 'CO.O' },
      now: [user('CO.N')],
      before: [user('CO.O')],
    },
    {
      title: 'a change that does not say to what',
      fields: { from: '1', from_user_id: 'CO.O' },
      system: { type: 'user_changed_number', previous_user_id: 'CO.O' },
      now: [phone('1'), user('CO.O')],
      before: [],
    },
    {
      title: 'no change at all',
      fields: { from: '1', from_user_id: 'CO.1' },
      system: { type: 'customer_identity_changed', customer: '9', user_id: 'CO.9' },
      now: [phone('1'), user('CO.1')],
      before: [],
    },
    {
      title: 'no change, named in the content only',
      fields: {},
      system: { customer: '9', user_id: 'CO.9' },
      now: [phone('9'), user('CO.9')],
      before: [],
    },
  ])('$title', ({ fields, system, now, before }) => {
    expect(read(fields, system)).toEqual({ now, before })
  })

  it('survives a message without content', () => {
    expect(systemIdentities('W', { id: 'w', timestamp: '1', type: 'system' })).toEqual({ now: [], before: [] })
  })
})
