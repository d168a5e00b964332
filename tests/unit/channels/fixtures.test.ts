import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseMessengerWebhook } from '../../../src/channels/messenger/parse.ts'
import { parseWhatsappWebhook } from '../../../src/channels/whatsapp/parse.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url)
const EXPECTED = new URL('./expected/', import.meta.url)

function names(folder: URL): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.json'))
}

function read(name: string, folder: URL): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
}

describe.each([
  { channel: 'messenger', parse: parseMessengerWebhook },
  { channel: 'whatsapp', parse: parseWhatsappWebhook },
])('documented $channel payloads', ({ channel, parse }) => {
  const fixtures = new URL(`${channel}/`, FIXTURES)
  const expected = new URL(`${channel}/`, EXPECTED)

  it('each have an expected translation, and no translation lacks its payload', () => {
    expect(names(expected)).toEqual(names(fixtures))
    expect(names(fixtures).length).toBeGreaterThan(20)
  })

  it.each(names(fixtures))('%s', (name) => {
    expect(parse(read(name, fixtures))).toStrictEqual(read(name, expected))
  })
})
