import { describe, expect, it } from 'vitest'
import { readContact } from '../../../src/cli/import/contact-record.ts'

const read = (record: unknown, keepUnknown = false) =>
  readContact(record, { delivery: 'import:in.ndjson', keepUnknown })

describe('a contact record', () => {
  it('is read with its identities, times and attributes', () => {
    const record = {
      identities: [{ kind: 'b2chat_id', scope: 'contacts:M1', value: '77' }],
      full_name: 'Ana Ruiz',
      mobile: '+573001112233',
      tags: ['vip'],
      custom_attributes: { plan: 'gold' },
      source_updated_at: '2024-05-01T10:00:00Z',
      delivery: 'crm-1:77',
    }
    expect(read(record)).toEqual({ ok: true, entry: record, ignored: [], isSanitized: false })
  })

  it('gives numbers as text, epoch times as ISO 8601, and says nothing of nulls', () => {
    const record = { phone: 573001112233, email: null, source_updated_at: 1714557600, identities: null, notes: null }
    expect(read(record)).toMatchObject({
      entry: { phone: '573001112233', source_updated_at: '2024-05-01T10:00:00.000Z', delivery: 'import:in.ndjson' },
      ignored: [],
    })
    expect(read({ source_created_at: 1714557600123 })).toMatchObject({
      entry: { source_created_at: '2024-05-01T10:00:00.123Z' },
    })
    const reading = read(record)
    expect(reading.ok && Object.keys(reading.entry).toSorted()).toEqual([
      'delivery',
      'identities',
      'phone',
      'source_updated_at',
    ])
  })

  it.each<[string, unknown, string]>([
    ['no object', ['x'], '$'],
    ['a text that is a number too large to be exact', { phone: 1e19 }, '$.phone'],
    ['a text of the wrong type', { full_name: { first: 'Ana' } }, '$.full_name'],
    ['a text that is too long', { address: 'x'.repeat(4001) }, '$.address'],
    ['identities that are no list', { identities: {} }, '$.identities'],
    ['an unknown kind', { identities: [{ kind: 'twitter', value: 'x' }] }, '$.identities[0].kind'],
    ['a blank id', { identities: [{ kind: 'phone', value: ' ' }] }, '$.identities[0].value'],
    ['an id that cannot be stored', { identities: [{ kind: 'phone', value: 'a\0' }] }, '$.identities[0].value'],
    ['an id without the scope it needs', { identities: [{ kind: 'psid', value: '1' }] }, '$.identities[0].scope'],
    [
      'an old id without the scope it needs',
      {
        previous_identities: [
          { kind: 'phone', value: '1' },
          { kind: 'bsuid', value: '1', scope: null },
        ],
      },
      '$.previous_identities[1].scope',
    ],
    ['a local time', { source_updated_at: '2024-05-01 10:00:00' }, '$.source_updated_at'],
    ['a date alone', { source_created_at: '2024-05-01' }, '$.source_created_at'],
    ['no such time', { source_created_at: '2024-05-01T25:00:00Z' }, '$.source_created_at'],
    ['a time out of all range', { source_created_at: 1e20 }, '$.source_created_at'],
    ['tags that are a text', { tags: 'vip' }, '$.tags'],
    ['attributes that are a list', { custom_attributes: [] }, '$.custom_attributes'],
  ])('is refused with the path: %s', (_, record, path) => {
    expect(read(record)).toMatchObject({ ok: false, path, what: expect.any(String) })
  })

  it('names the fields that it leaves out, or keeps them as attributes', () => {
    const record = { phone: '1', score: 7, plan: 'new', custom_attributes: { plan: 'gold' } }
    expect(read(record)).toMatchObject({ ignored: ['score', 'plan'], entry: { custom_attributes: { plan: 'gold' } } })
    expect(read(record, true)).toMatchObject({
      ignored: [],
      entry: { custom_attributes: { score: 7, plan: 'gold' } },
    })
  })

  it('is cleaned of what Postgres cannot hold, and says so', () => {
    expect(read({ phone: '1', full_name: 'A\0na' })).toMatchObject({ entry: { full_name: 'Ana' }, isSanitized: true })
  })
})
