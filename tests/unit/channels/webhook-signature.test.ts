import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../../src/channels/webhook-signature.ts'
import { equalInConstantTime } from '../../../src/lib/constant-time.ts'

const SECRET = 'app secret'
const BODY = new TextEncoder().encode('{"text":"¡Qué jardín! 🌱"}')

function sign(secret: string, bytes: Uint8Array = BODY): string {
  return `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`
}

describe('verifySignature', () => {
  it('agrees with a published vector (RFC 4231, case 2)', async () => {
    const bytes = new TextEncoder().encode('what do ya want for nothing?')
    const header = 'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    expect(await verifySignature(bytes, header, 'Jefe')).toBe(true)
  })

  it('takes the signature of exactly these bytes', async () => {
    expect(await verifySignature(BODY, sign(SECRET), SECRET)).toBe(true)
    const reserialized = new TextEncoder().encode(JSON.stringify({ text: '\u00a1Qu\u00e9 jard\u00edn!  🌱' }))
    expect(await verifySignature(reserialized, sign(SECRET), SECRET)).toBe(false)
    expect(await verifySignature(new Uint8Array(), sign(SECRET, new Uint8Array()), SECRET)).toBe(true)
  })

  it('takes upper-case hex and bytes that are no text', async () => {
    const bytes = Uint8Array.from([0, 255, 254, 128])
    const header = sign(SECRET, bytes).toUpperCase().replace('SHA256', 'sha256')
    expect(await verifySignature(bytes, header, SECRET)).toBe(true)
  })

  it('takes any of several secrets, wherever it stands', async () => {
    expect(await verifySignature(BODY, sign(SECRET), [SECRET, 'other'])).toBe(true)
    expect(await verifySignature(BODY, sign(SECRET), ['other', SECRET])).toBe(true)
    expect(await verifySignature(BODY, sign(SECRET), ['other', 'another'])).toBe(false)
    expect(await verifySignature(BODY, sign(SECRET), [])).toBe(false)
  })

  it('never takes an empty secret', async () => {
    expect(await verifySignature(BODY, sign(''), '')).toBe(false)
    expect(await verifySignature(BODY, sign(SECRET), ['', SECRET])).toBe(true)
  })

  const good = sign(SECRET)
  it.each([
    null,
    undefined,
    '',
    'sha256=',
    good.slice(7),
    good.replace('sha256', 'sha1'),
    good.slice(0, -1),
    `${good}0`,
    `${good} `,
    `${good}\n`,
    ` ${good}`,
    `sha256=${'g'.repeat(64)}`,
    `${good},${good}`,
  ])('refuses the header %j', async (header) => {
    expect(await verifySignature(BODY, header, SECRET)).toBe(false)
  })

  it('refuses a signature with any one digit changed', async () => {
    for (let i = 7; i < good.length; i++) {
      const header = good.slice(0, i) + (good[i] === '0' ? '1' : '0') + good.slice(i + 1)
      expect(await verifySignature(BODY, header, SECRET)).toBe(false)
    }
  })
})

describe('equalInConstantTime', () => {
  it.each([
    [[], [], true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1, 3], false],
    [[1], [1, 0], false],
    [[1, 0], [1], false],
    [[], [0], false],
  ])('of %j and %j is %j', (a, b, expected) => {
    expect(equalInConstantTime(Uint8Array.from(a), Uint8Array.from(b))).toBe(expected)
  })
})
