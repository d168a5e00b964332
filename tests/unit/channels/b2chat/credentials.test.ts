import { describe, expect, it } from 'vitest'
import { b2chatCredentials } from '../../../../src/channels/b2chat/credentials.ts'
import { MissingSecret } from '../../../../src/lib/secrets.ts'

const read = (raw: string | undefined, account = 'M1') =>
  b2chatCredentials((name) => (name === 'B2CHAT_CREDENTIALS' ? raw : undefined), account)

const given = { client_id: 'id', client_secret: 's3cret' }

describe('B2CHAT_CREDENTIALS', () => {
  it('are read by account', () => {
    const raw = ` ${JSON.stringify({ M1: given, M2: { ...given, client_id: 'other', base_url: 'https://b2.example.com/api' } })}\n`
    expect(read(raw)).toEqual({ clientId: 'id', clientSecret: 's3cret', baseUrl: 'https://api.b2chat.io' })
    expect(read(raw, 'M2')).toEqual({
      clientId: 'other',
      clientSecret: 's3cret',
      baseUrl: 'https://b2.example.com/api',
    })
  })

  it('of one account do not depend on another’s', () => {
    expect(read(JSON.stringify({ M1: given, M2: 'broken' }))).toMatchObject({ clientId: 'id' })
  })

  it.each(['http://127.0.0.1:80', 'http://localhost:8080', 'http://[::1]:1'])(
    'may name a server on this machine: %s',
    (base_url) => {
      expect(read(JSON.stringify({ M1: { ...given, base_url } })).baseUrl).toBe(base_url)
    },
  )

  it.each([
    undefined,
    '',
    '  ',
    '{',
    '[]',
    '"text"',
    'null',
    '{}',
    '{"*":{"client_id":"id","client_secret":"s3cret"}}',
    '{"M1":"s3cret"}',
    '{"M1":{"client_id":"id"}}',
    '{"M1":{"client_id":"","client_secret":"s3cret"}}',
    '{"M1":{"client_id":"id","client_secret":"s3cret","base_url":"http://api.b2chat.io"}}',
    '{"M1":{"client_id":"id","client_secret":"s3cret","base_url":"s3cret"}}',
  ])('are refused by an error that names the secret and quotes nothing of it: %s', (raw) => {
    const message = expect.stringMatching(/^(?!.*(s3cret|M1)).*B2CHAT_CREDENTIALS/)
    expect(() => read(raw)).toThrow(MissingSecret)
    expect(() => read(raw)).toThrow(expect.objectContaining({ message, hint: expect.any(String) }))
  })

  it.each(['constructor', '__proto__'])('are not found under a name that every object has: %s', (account) => {
    const message = expect.stringContaining('holds nothing for this account')
    expect(() => read(JSON.stringify({ M1: given }), account)).toThrow(
      expect.objectContaining({ name: 'MissingSecret', message }),
    )
  })
})
