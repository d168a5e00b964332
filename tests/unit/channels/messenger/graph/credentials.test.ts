import { describe, expect, it } from 'vitest'
import { graphTokens } from '../../../../../src/channels/messenger/graph/credentials.ts'
import { MissingSecret } from '../../../../../src/lib/secrets.ts'

const read = (raw: string | undefined, page = 'P1') =>
  graphTokens((name) => (name === 'MESSENGER_TOKENS' ? raw : undefined), page)

describe('MESSENGER_TOKENS', () => {
  it('are read by page', () => {
    const raw = ` ${JSON.stringify({ P1: 's3cret', P2: { token: 'other', base_url: 'http://127.0.0.1:9/graph' }, P3: { token: 't' } })}\n`
    expect(read(raw)).toEqual({ token: 's3cret', baseUrl: 'https://graph.facebook.com' })
    expect(read(raw, 'P2')).toEqual({ token: 'other', baseUrl: 'http://127.0.0.1:9/graph' })
    expect(read(raw, 'P3')).toEqual({ token: 't', baseUrl: 'https://graph.facebook.com' })
  })

  it('of one page do not depend on another’s', () => {
    expect(read(JSON.stringify({ P1: 's3cret', P2: 7 }))).toMatchObject({ token: 's3cret' })
  })

  it.each([
    undefined,
    '',
    '  ',
    's3cret',
    '{',
    '[]',
    'null',
    '{}',
    '{"*":"s3cret"}',
    '{"P1":""}',
    '{"P1":"s3cret with a space"}',
    '{"P1":"s3cret\\nX-Header: 1"}',
    '{"P1":7}',
    '{"P1":{"token":""}}',
    '{"P1":{"token":"s3cret","base_url":"http://graph.facebook.com"}}',
    '{"P1":{"token":"s3cret","base_url":"s3cret"}}',
  ])('are refused by an error that names the secret and quotes nothing of it: %s', (raw) => {
    const message = expect.stringMatching(/^(?!.*(s3cret|P1)).*MESSENGER_TOKENS/)
    expect(() => read(raw)).toThrow(MissingSecret)
    expect(() => read(raw)).toThrow(expect.objectContaining({ message, hint: expect.any(String) }))
  })

  it.each(['constructor', '__proto__'])('are not found under a name that every object has: %s', (page) => {
    const message = expect.stringContaining('holds nothing for this account')
    expect(() => read('{"P1":"s3cret"}', page)).toThrow(expect.objectContaining({ name: 'MissingSecret', message }))
  })
})
