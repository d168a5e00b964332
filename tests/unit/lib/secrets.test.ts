import { describe, expect, it } from 'vitest'
import { MissingSecret, secretReader } from '../../../src/lib/secrets.ts'

const read = (raw: string | undefined) => secretReader(() => raw, 'META_APP_SECRET')()

describe('a provider secret', () => {
  it('may be plain text for every account', () => {
    for (const raw of ['s3cret', '"s3cret"', ' s3cret\n', '{"*":"s3cret"}']) {
      const secret = read(raw)
      expect(secret.values).toEqual(['s3cret'])
      expect(secret.speaksFor('s3cret', 'PAGE1')).toBe(true)
      expect(secret.speaksFor('other', 'PAGE1')).toBe(false)
    }
  })

  it('may be an object by account; each distinct value is listed once', () => {
    const secret = read('{"PAGE1":"one","PAGE2":"two","PAGE3":"one"}')
    expect(secret.values).toEqual(['one', 'two'])
    expect(secret.speaksFor('one', 'PAGE3')).toBe(true)
    expect(secret.speaksFor('one', 'PAGE2')).toBe(false)
  })

  it('is not confused by an account named like a property of every object', () => {
    expect(read('{"PAGE1":"one"}').speaksFor('one', 'constructor')).toBe(true)
  })

  it.each([undefined, '', '  ', '{', '{}', '{"PAGE1":5}', '{"PAGE1":""}', '""'])(
    'is refused, by its name: %s',
    (raw) => {
      expect(() => read(raw)).toThrow(MissingSecret)
      const text = expect.stringContaining('META_APP_SECRET')
      expect(() => read(raw)).toThrow(expect.objectContaining({ message: text, hint: text }))
    },
  )

  it('is never quoted in the refusal', () => {
    expect(() => read('{"PAGE1":"s3cret"')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('s3cret') }),
    )
  })

  it('is read again when it changes', () => {
    let raw = 'one'
    const secret = secretReader(() => raw, 'META_APP_SECRET')
    expect(secret().values).toEqual(['one'])
    raw = 'two'
    expect(secret().values).toEqual(['two'])
  })
})
