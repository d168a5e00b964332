import { describe, expect, it } from 'vitest'
import { answerHandshake } from '../../../src/channels/webhook-handshake.ts'

const REFUSED = { status: 403, body: 'forbidden' }

function ask(parameters: Record<string, string>, token: string | readonly string[] = 'tökén') {
  const url = new URL('https://example.com/functions/v1/messenger-webhook')
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(`hub.${name}`, value)
  return answerHandshake(url, token)
}

const GOOD = { mode: 'subscribe', verify_token: 'tökén', challenge: '1158201444' }

describe('answerHandshake', () => {
  it('answers with the challenge as it came', () => {
    expect(ask(GOOD)).toEqual({ status: 200, body: '1158201444' })
    expect(ask({ ...GOOD, challenge: '<b>&é' })).toEqual({ status: 200, body: '<b>&é' })
  })

  it('takes any of several tokens', () => {
    expect(ask(GOOD, ['other', 'tökén']).status).toBe(200)
    expect(ask(GOOD, ['tökén', 'other']).status).toBe(200)
    expect(ask(GOOD, ['other'])).toEqual(REFUSED)
  })

  it.each([
    { ...GOOD, mode: 'unsubscribe' },
    { ...GOOD, verify_token: 'tökén ' },
    { ...GOOD, verify_token: 'tökéx' },
    { ...GOOD, verify_token: '' },
    { mode: 'subscribe', challenge: '1' },
    { mode: 'subscribe', verify_token: 'tökén' },
    { verify_token: 'tökén', challenge: '1' },
    {},
  ])('refuses %j', (parameters) => {
    expect(ask(parameters)).toEqual(REFUSED)
  })

  it('refuses everything when no token is configured', () => {
    expect(ask({ ...GOOD, verify_token: '' }, '')).toEqual(REFUSED)
    expect(ask({ ...GOOD, verify_token: '' }, [''])).toEqual(REFUSED)
    expect(ask(GOOD, [])).toEqual(REFUSED)
  })
})
